// Short news in a polite live region. Errors stay until closed; the rest leaves after eight seconds unless pointed at.
import {gettext} from './i18n.js';

const ICONS = {good: 'circle-check', warn: 'alert-triangle', bad: 'alert-circle', info: 'info-circle'};

export function icon(name, extra = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', `icon ${extra}`);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function toast(text, tone = 'info') {
  const region = document.getElementById('toasts');
  if (!region) return;
  const box = document.createElement('div');
  box.className = `notice notice-${tone}`;
  const words = document.createElement('div');
  words.className = 'notice-text';
  words.textContent = text;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'notice-close';
  close.setAttribute('aria-label', gettext('Dismiss'));
  close.append(icon('x'));
  box.append(icon(ICONS[tone] || ICONS.info), words, close);
  region.append(box);
  // Above an open dialog, too: a popover sits in the top layer.
  if (region.popover && !region.matches(':popover-open')) region.showPopover();
  const remove = () => { box.remove(); if (!region.children.length && region.matches(':popover-open')) region.hidePopover(); };
  close.addEventListener('click', remove);
  if (tone !== 'bad') {
    const wait = () => setTimeout(() => (box.matches(':hover, :focus-within') ? wait() : remove()), 8000);
    wait();
  }
}

export function initToasts() {
  document.body.addEventListener('toast', event => toast(event.detail.text ?? event.detail.value, event.detail.tone || 'info'));
  document.addEventListener('click', event => {
    const close = event.target.closest('[data-dismiss]');
    if (close) close.closest('.notice').remove();
  });
}
