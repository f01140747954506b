// A text field as high as its text, for browsers without `field-sizing` in CSS.
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
