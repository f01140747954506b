// A person's face: a small round sign with the first letter of the shown name, in a colour of the person's own.
// proj/accounts/face.py draws the same; a test compares them.
import { state } from "../../shared/state.js";

const { factor, modulus, hues } = state.rules.face;
const LETTER = /^[\p{P}\p{M}\p{Z}]*(\p{RI}{2}|.(?:(?<=\u200d).|[\p{M}\p{EMod}\u200d])*)/su;

/** The face of the person with the sign-in name `who` and the display name `name`. */
export function face(who, name) {
  const sign = document.createElement("span");
  const hue = [...who].reduce((number, character) => (factor * number + character.codePointAt(0)) % modulus, 0) % hues;
  sign.className = `face hue-${hue}`;
  sign.ariaHidden = true;
  sign.dataset.letter = LETTER.exec(name || who)[1];
  return sign;
}
