/** The state that the server put into the page of a room or a run, with its numbers and patterns for rules that hold here too. */
export const state = JSON.parse(document.querySelector("#room-state, #run-state").textContent);
