// A text field as high as its text. CSS does it where `field-sizing` is known; this is for the other browsers.
const known = CSS.supports("field-sizing", "content");

export function grow(field) {
  if (known) return;
  const fit = () => {
    field.rows = 1;
    while (field.scrollHeight > field.clientHeight && field.rows < 12) field.rows += 1;
  };
  field.addEventListener("input", fit);
  fit();
}
