// The small script of every page. Everything works without it, except live progress, drawers over the page and drawn charts.
import htmx from 'htmx.org';
import {gettext} from './i18n.js';
import {initDialogs} from './dialogs.js';
import {initDrawer} from './drawer.js';
import {initForms} from './forms.js';
import {initKeyboard} from './keyboard.js';
import {initMenus} from './menus.js';
import {enhanceTables} from './tables.js';
import {initToasts, toast} from './toasts.js';

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages show pay: nothing of them is kept in the browser's storage
  refreshOnHistoryMiss: true,
  defaultSettleDelay: 0,
  responseHandling: [
    {code: '204', swap: false},
    {code: '[23]..', swap: true},
    {code: '422', swap: true},
    {code: '[45]..', swap: false, error: true},
  ],
});
globalThis.htmx = htmx;

function lazy(root) {
  const charts = [...root.querySelectorAll('[data-chart]:not([data-mounted])')];
  if (charts.length) import('./charts.js').then(m => charts.forEach(m.mount));
  const editors = [...root.querySelectorAll('[data-editor]:not([data-mounted])')];
  if (editors.length) import('./editor.js').then(m => editors.forEach(m.mount));
}

function enhance(root = document) {
  enhanceTables(root);
  lazy(root);
}

initMenus();
initDialogs();
initDrawer();
initForms();
initKeyboard();
initToasts();
enhance();
document.body.addEventListener('htmx:load', event => { if (event.detail.elt !== document.body) enhance(event.detail.elt.parentElement || document); });

const unreachable = () => toast(gettext('The server cannot be reached. Check the connection and try again.'), 'bad');
document.body.addEventListener('htmx:sendError', unreachable);
document.body.addEventListener('htmx:responseError', event => {
  const status = event.detail.xhr.status;
  if (status === 403) toast(gettext('You may not do this. Ask an administrator for the role that can.'), 'bad');
  else if (status === 404) toast(gettext('This no longer exists, or you may not see it. Reload the page.'), 'bad');
  else toast(gettext('The server could not finish this. Nothing was changed; try again.'), 'bad');
});

// On paper everything is unfolded.
const unfolded = [];
addEventListener('beforeprint', () => document.querySelectorAll('main details:not([open], .menu, .chart-table), dialog[open] details:not([open])').forEach(d => { d.open = true; unfolded.push(d); }));
addEventListener('afterprint', () => { unfolded.forEach(d => { d.open = false; }); unfolded.length = 0; });
document.documentElement.dataset.ready = '1';
