// A page that the browser kept in memory and shows again on "back" would tell old counts.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
