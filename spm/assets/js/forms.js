// File drop zones, forms that send themselves when a filter changes, and no double submits.
function showFiles(input) {
  const list = input.closest('.dropzone').querySelector('.dropzone-files');
  list.replaceChildren(...[...input.files].map(file => {
    const item = document.createElement('li');
    item.textContent = `${file.name} · ${new Intl.NumberFormat(document.documentElement.lang, {maximumFractionDigits: 1}).format(file.size / 1048576)} MiB`;
    return item;
  }));
}

export function initForms() {
  document.addEventListener('change', event => {
    if (event.target.matches('.dropzone input[type=file]')) showFiles(event.target);
    if (event.target.matches('[data-autosubmit] select, [data-autosubmit] input[type=date], [data-autosubmit] input[type=checkbox]')) event.target.form.requestSubmit();
    if (event.target.matches('select[data-go]') && event.target.value) location.assign(event.target.value);
  });
  for (const [name, over] of [['dragenter', true], ['dragover', true], ['dragleave', false], ['drop', false]]) {
    document.addEventListener(name, event => event.target.closest?.('.dropzone')?.classList.toggle('is-over', over));
  }
  document.addEventListener('submit', event => {
    if (event.defaultPrevented || event.target.method !== 'post') return;
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if ([...form.attributes].some(a => a.name.startsWith('hx-'))) return;
    form.dataset.sent = '1';
    setTimeout(() => delete form.dataset.sent, 10000);
  });
  addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach(form => delete form.dataset.sent));
  // After a failed check the first wrong field has the focus.
  document.querySelector('form[method=post] .field.is-invalid :is(input,select,textarea):not([type=hidden])')?.focus();
}
