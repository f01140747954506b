/** The state in the page of a room or a run, with the server's numbers and patterns for rules that hold here as well. */
export const state = JSON.parse(document.querySelector("#room-state, #run-state").textContent);
