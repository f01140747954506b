/** Put the text of `element` on the clipboard. Return whether that worked. */
export async function copy(element) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(element.textContent).then(
      () => true,
      () => false,
    );
  }
  // On plain http there is no clipboard API, only the older command.
  const selection = getSelection();
  selection.selectAllChildren(element);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  return done;
}
