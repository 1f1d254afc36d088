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

/** A button that shows a sign and says what it does. */
export const signed = (sign, label, attributes = {}) =>
  make("button", { type: "button", "aria-label": label, title: label, ...attributes }, make("span", { "aria-hidden": "true" }, sign));

/** Set an attribute only where it changes, so that nothing is announced twice. */
export const mark = (element, name, value) => {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

/** Whether what is typed goes into a field. */
export const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])"));
