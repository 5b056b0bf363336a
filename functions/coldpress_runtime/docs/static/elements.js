// Elements from code: text is always text, never markup.

/** A new element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The page's element with an id. */
export function byId(id) {
  return document.getElementById(id);
}
