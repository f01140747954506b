// The styles, colours and link with which a terminal would write the next text. The rules are those of proj/text/pen.py.
import { state } from "../../shared/state.js";

const { pen: rules } = state.ansi;
const FOREGROUND = 38;
const BACKGROUND = 48;
const numbered = (text) => Number(text.slice(0, 4));

export class Pen {
  styles = new Set();
  foreground = "";
  background = "";
  link = "";

  /** A pen in the same state. */
  copy() {
    return Object.assign(new Pen(), this, { styles: new Set(this.styles) });
  }

  /** Whether text would differ from plain text. */
  get writesStyled() {
    return this.styles.size > 0 || this.foreground !== "" || this.background !== "" || this.link !== "";
  }

  reset() {
    if (this.styles.size) this.styles = new Set();
    this.foreground = "";
    this.background = "";
  }

  /** `text`, inside an element if it is coloured or a link. */
  written(text) {
    if (!text || !this.writesStyled) return text;
    const classes = this.#classes();
    const element = document.createElement(this.link ? "a" : "span");
    if (classes) element.className = classes;
    if (this.link) Object.assign(element, { href: this.link, title: this.link, target: "_blank", rel: "noopener noreferrer nofollow ugc" });
    element.textContent = text;
    return element;
  }

  /** The SGR sequence that leads from any state to this one; "" for plain text. */
  sgr() {
    const codes = [...this.styles].sort((a, b) => a - b).map(String);
    if (this.foreground) codes.push(code(FOREGROUND, this.foreground));
    if (this.background) codes.push(code(BACKGROUND, this.background));
    return codes.length ? `\x1b[0;${codes.join(";")}m` : "";
  }

  /** Apply the parameters of one SGR sequence: numbers between `;`, with further numbers between `:`. */
  turn(parameters) {
    if (!parameters.includes("8") && !parameters.includes(":")) {
      for (const number of parameters.split(";")) this.#turnBasic(numbered(number)); // no extended colour, as usual
      return;
    }
    const remaining = parameters.split(";")[Symbol.iterator]();
    for (const one of remaining) {
      const [first, ...further] = one.split(":").map(numbered);
      if (first in rules.extended) {
        const colour = colourOf(further.length ? withoutColourSpace(further) : numbers(remaining));
        if (rules.extended[first] && colour !== null) this[rules.extended[first]] = colour;
      } else if (first === rules.underline && further[0] === 0) this.styles.delete(rules.underline);
      else this.#turnBasic(first);
    }
  }

  #turnBasic(number) {
    if (number === 0) this.reset();
    else if (number in rules.foreground) this.foreground = rules.foreground[number];
    else if (number in rules.background) this.background = rules.background[number];
    else if (number in rules.styles || number in rules.sameStyles) this.styles.add(rules.sameStyles[number] ?? number);
    else if (number in rules.stylesOff) for (const style of this.styles) {
      if (rules.stylesOff[number].includes(rules.styles[style])) this.styles.delete(style);
    }
  }

  #classes() {
    let [ink, paper] = [this.foreground, this.background];
    const names = this.styles.size ? [...this.styles].map((style) => rules.styles[style]).sort() : [];
    if (names.includes("inverse")) {
      names.splice(names.indexOf("inverse"), 1);
      [ink, paper] = ["", ink || rules.inversePaper];
    }
    if (ink) names.push(...colourNames("ink", ink));
    if (paper) names.push(...colourNames("paper", paper));
    return names.map((name) => `ansi-${name}`).join(" ");
  }
}

function colourNames(kind, colour) {
  if (!colour.startsWith("#")) return [`${kind}-${colour}`];
  return [..."rgb"].map((channel, n) => `${kind}-${channel}${colour[n + 1]}`);
}

function code(form, colour) {
  if (!colour.startsWith("#")) return `${form};${rules.palette};${colour}`;
  return `${form};${rules.trueColour};${[...colour.slice(1)].map((digit) => parseInt(digit, 16) * rules.step).join(";")}`;
}

// Take the numbers of an extended colour whose parts stand between `;`.
function numbers(remaining) {
  const next = () => numbered((remaining.next().value ?? "").split(":")[0]);
  const form = next();
  return [form, ...Array.from({ length: rules.formNumbers[form] ?? 0 }, next)];
}

function withoutColourSpace(given) {
  const spaced = given[0] === rules.trueColour && given.length > rules.formNumbers[rules.trueColour] + 1;
  return spaced ? [given[0], ...given.slice(2)] : given;
}

// The colour of these numbers, the form first; null when there is no such colour.
function colourOf([form, ...rest]) {
  if (form === rules.trueColour && rest.length >= 3) return Math.max(...rest.slice(0, 3)) < 256 ? digits(rest.slice(0, 3)) : null;
  if (form !== rules.palette || !rest.length || rest[0] > 255) return null;
  const [number] = rest;
  if (number < rules.basicColours) return String(number);
  if (number >= rules.firstGrey) return digits(Array(3).fill(8 + 10 * (number - rules.firstGrey)));
  const place = number - rules.basicColours;
  return digits([Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((level) => rules.cubeLevels[level]));
}

const digits = (levels) => `#${levels.map((level) => Math.floor((level + Math.floor(rules.step / 2)) / rules.step).toString(16)).join("")}`;
