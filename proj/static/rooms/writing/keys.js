// Keys in a field for a message: Enter sends, Shift+Enter begins a line, and an input method's Enter belongs to the input
// method. On devices without a keyboard Enter begins a line, and the button sends.
const touch = matchMedia("(hover: none) and (pointer: coarse)");

export function isSend(event) {
  const composing = event.isComposing || event.keyCode === 229;
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !composing && !touch.matches;
}
