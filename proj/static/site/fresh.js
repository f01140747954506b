// A page that the browser kept in memory and shows again on "back" has old counts.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
