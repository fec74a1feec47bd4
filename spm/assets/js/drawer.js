// A drawer is a page of its own address shown over the page it belongs to. Links carry data-drawer; opening pushes the
// address, Back and Escape return, the server answers the same address with the bare content or the whole page.
import htmx from 'htmx.org';
import {gettext} from './i18n.js';

const SKELETON = 6;
let silent = false;
let behind = '';

const box = () => document.getElementById('drawer');

function fill(url) {
  const body = document.getElementById('drawer-body');
  document.getElementById('drawer-title').textContent = gettext('Loading…');
  const skeleton = document.createElement('div');
  skeleton.className = 'skeleton';
  skeleton.append(...Array.from({length: SKELETON}, () => document.createElement('span')));
  body.replaceChildren(skeleton);
  body.setAttribute('aria-busy', 'true');
  return htmx.ajax('GET', url, {target: '#drawer-body', swap: 'innerHTML'}).finally(() => body.removeAttribute('aria-busy'));
}

function title() {
  const given = document.querySelector('#drawer-body [data-drawer-title]');
  if (given) document.getElementById('drawer-title').textContent = given.dataset.drawerTitle;
}

function open(url) {
  if (!box().open) { behind = document.title; box().showModal(); }
  return fill(url);
}

function closed() {
  document.getElementById('drawer-body').replaceChildren();
  document.title = behind || document.title;
  if (silent) { silent = false; return; }
  const depth = history.state?.drawerDepth;
  if (depth) history.go(-depth);
  else if (box().dataset.closeUrl) history.replaceState(null, '', box().dataset.closeUrl);
}

export function initDrawer() {
  const dialog = box();
  if (!dialog) return;
  dialog.addEventListener('close', closed);
  document.addEventListener('click', event => {
    const link = event.target.closest('a[data-drawer]');
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const depth = dialog.open ? (history.state?.drawerDepth || 0) + 1 : 1;
    open(link.href);
    history.pushState({drawer: link.href, drawerDepth: depth}, '', link.href);
  });
  document.body.addEventListener('htmx:afterSettle', event => { if (event.detail.target.id === 'drawer-body') { title(); document.getElementById('drawer-body').scrollTop = 0; } });
  document.body.addEventListener('htmx:responseError', event => { if (event.detail.target?.id === 'drawer-body') { silent = false; dialog.close(); } });
  addEventListener('popstate', event => {
    if (event.state?.drawer) open(event.state.drawer);
    else if (dialog.open) { silent = true; dialog.close(); }
  });
  if (dialog.hasAttribute('open')) { // the address was opened directly: the server sent the drawer with its page
    behind = dialog.dataset.pageTitle || document.title;
    dialog.removeAttribute('open');
    title();
    dialog.showModal();
  }
}
