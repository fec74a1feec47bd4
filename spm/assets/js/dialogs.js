// Confirmation before what cannot be undone, and buttons that open a <dialog> by its id.
import {gettext} from './i18n.js';

export function ask(question, {title, label, tone} = {}) {
  const dialog = document.getElementById('confirm');
  dialog.querySelector('[data-confirm-title]').textContent = title || gettext('Are you sure?');
  dialog.querySelector('[data-confirm-text]').textContent = question;
  const ok = dialog.querySelector('[data-confirm-ok]');
  ok.textContent = label || gettext('Yes, go on');
  ok.className = `btn ${tone === 'plain' ? 'btn-primary' : 'btn-danger'}`;
  dialog.returnValue = '';
  dialog.showModal();
  dialog.querySelector('[data-confirm-cancel]').focus();
  return new Promise(resolve => dialog.addEventListener('close', () => resolve(dialog.returnValue === 'ok'), {once: true}));
}

const options = el => ({title: el.dataset.confirmTitle, label: el.dataset.confirmLabel, tone: el.dataset.confirmTone});

export function initDialogs() {
  document.addEventListener('submit', async event => {
    const el = event.submitter?.dataset.confirm ? event.submitter : event.target;
    if (!el.dataset.confirm || event.target.dataset.confirmed) { delete event.target.dataset.confirmed; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    if (await ask(el.dataset.confirm, options(el))) {
      event.target.dataset.confirmed = '1';
      event.target.requestSubmit(submitter);
    }
  }, true);
  document.body.addEventListener('htmx:confirm', async event => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.question, options(event.detail.elt))) event.detail.issueRequest(true);
  });
  document.addEventListener('click', event => {
    const opener = event.target.closest('[data-open-dialog]');
    if (opener) document.getElementById(opener.dataset.openDialog).showModal();
    const closer = event.target.closest('[data-close-dialog]');
    if (closer) closer.closest('dialog').close();
    if (event.target.matches('dialog.sheet, dialog.drawer')) {
      const box = event.target.getBoundingClientRect();
      if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) event.target.close();
    }
  });
}
