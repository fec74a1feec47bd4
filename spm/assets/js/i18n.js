// Strings come from Django's catalogue, loaded before this bundle; numbers and dates from the page's language.
export const gettext = text => (globalThis.django?.gettext ?? (t => t))(text);
export const ngettext = (one, many, n) => (globalThis.django?.ngettext ?? ((a, b, c) => (c === 1 ? a : b)))(one, many, n);
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, key) => values[key]);
export const lang = () => document.documentElement.lang || 'en';
