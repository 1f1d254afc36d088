// Elements, made in one call each. Text never becomes markup.

/** An element with attributes (true sets an empty one, false and null none, a function listens) and children. */
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const SIGNS = {
  play: "M5 3.5v13l11-6.5z",
  pause: "M5 4h3.5v12H5zM11.5 4H15v12h-3.5z",
  stop: "M5 5h10v10H5z",
  previous: "M4 4h2v12H4zM16 4v12l-9-6z",
  next: "M14 4h2v12h-2zM4 4v12l9-6z",
  from: "M3 4v12l7-6zM11 5h6v2h-6zM11 9h6v2h-6zM11 13h6v2h-6z",
  loop: "M5 6h8V3.5L17 7l-4 3.5V8H6v4H4V7a1 1 0 0 1 1-1zM15 14H7v2.5L3 13l4-3.5V12h7V8h2v5a1 1 0 0 1-1 1z",
  undo: "M8 3v3h3.5a5 5 0 0 1 0 10H6v-2h5.5a3 3 0 0 0 0-6H8v3L3 7z",
  redo: "M12 3v3H8.5a5 5 0 0 0 0 10H14v-2H8.5a3 3 0 0 1 0-6H12v3l5-4z",
  close: "M5.4 4 10 8.6 14.6 4 16 5.4 11.4 10 16 14.6 14.6 16 10 11.4 5.4 16 4 14.6 8.6 10 4 5.4z",
  split: "M9 2h2v3H9zM9 6.5h2v3H9zM9 11h2v3H9zM9 15.5h2v3H9z",
  join: "M2 9h5V6l4 4-4 4v-3H2zM18 9h-5V6l-4 4 4 4v-3h5z",
  publish: "M9 13V6.8L6.4 9.4 5 8l5-5 5 5-1.4 1.4L11 6.8V13zM4 15h12v2H4z",
  book: "M4 3h5a2 2 0 0 1 1 .3A2 2 0 0 1 11 3h5v13h-5l-1 1-1-1H4zM5.5 4.5v10H9V4.5zM11 4.5v10h3.5v-10z",
  write: "M13.5 3 17 6.5 7.5 16H4v-3.5z",
};
const SVG = "http://www.w3.org/2000/svg";

/** A drawn sign that says nothing to a screen reader. */
export const sign = (name) => {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", "aria-hidden": "true", class: "sign" })) svg.setAttribute(key, value);
  path.setAttribute("d", SIGNS[name]);
  svg.append(path);
  return svg;
};

/** A button that shows a sign, or a letter, and says what it does. */
export const signed = (name, label, attributes = {}) =>
  make(
    "button",
    { type: "button", "aria-label": label, title: label, ...attributes },
    name in SIGNS ? sign(name) : make("span", { "aria-hidden": "true" }, name),
  );

/** Have such a button show and say something else. */
export const resign = (button, name, label) => {
  button.querySelector("path").setAttribute("d", SIGNS[name]);
  for (const attribute of ["aria-label", "title"]) mark(button, attribute, label);
};

/** Set an attribute only where it changes, so that nothing is announced twice. */
export const mark = (element, name, value) => {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

/** Whether what is typed goes into a field. */
export const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])"));
