// The code of a one-time link is behind the #, which browsers never send. It moves into the form, and out of the address
// bar and the history; the person presses the button.

const field = document.querySelector("input[name=code]");

function take() {
  const code = location.hash.slice(1);
  if (!code || !field) return;
  history.replaceState(null, "", location.pathname + location.search);
  field.value = code;
  field.form.querySelector("button[type=submit]").focus();
}

take();
addEventListener("hashchange", take);
