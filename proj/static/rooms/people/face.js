// A person's face: a small round sign with the first letter of how they are called, in a colour of their own.
// proj/accounts/face.py makes the same.
const LETTER = /^[\p{P}\p{M}\p{Z}]*(\p{RI}{2}|.(?:(?<=\u200d).|[\p{M}\p{EMod}\u200d])*)/su;

/** The face of who signs in as `who` and is called `name`. */
export function face(who, name) {
  const sign = document.createElement("span");
  const hue = [...who].reduce((number, character) => (101 * number + character.codePointAt(0)) % 65_521, 0) % 12;
  sign.className = `face hue-${hue}`;
  sign.ariaHidden = true;
  sign.dataset.letter = LETTER.exec(name || who)[1];
  return sign;
}
