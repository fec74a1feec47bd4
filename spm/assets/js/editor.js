// CodeMirror for plan documents. It lives in a shadow root, where its styles are constructed sheets and the strict policy
// holds. The textarea stays the form's field: it is what is sent, and what is left when this script does not load.
import {defaultKeymap, history, historyKeymap} from '@codemirror/commands';
import {yaml} from '@codemirror/lang-yaml';
import {HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting} from '@codemirror/language';
import {lintGutter, lintKeymap, setDiagnostics} from '@codemirror/lint';
import {highlightSelectionMatches, search, searchKeymap} from '@codemirror/search';
import {EditorState} from '@codemirror/state';
import {EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers} from '@codemirror/view';
import {tags as t} from '@lezer/highlight';
import {gettext} from './i18n.js';

const look = EditorView.theme({
  '&': {color: 'var(--ink)', backgroundColor: 'var(--surface)', fontSize: '13px', maxHeight: '70vh', minHeight: '16rem'},
  '&.cm-focused': {outline: 'none'},
  '.cm-scroller': {fontFamily: 'var(--mono)', lineHeight: '1.6', minHeight: '16rem'},
  '.cm-content': {caretColor: 'var(--ink)', padding: '8px 0'},
  '.cm-cursor': {borderLeftColor: 'var(--ink)', borderLeftWidth: '2px'},
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {backgroundColor: 'var(--brand-soft)'},
  '.cm-gutters': {backgroundColor: 'var(--sunken)', color: 'var(--ink-3)', border: '0', borderRight: '1px solid var(--line)'},
  '.cm-activeLine': {backgroundColor: 'color-mix(in srgb, var(--brand-soft) 35%, transparent)'},
  '.cm-activeLineGutter': {backgroundColor: 'var(--hover)', color: 'var(--ink)'},
  '.cm-tooltip, .cm-panels': {backgroundColor: 'var(--raised)', color: 'var(--ink)', border: '1px solid var(--line)', fontFamily: 'var(--font)'},
  '.cm-diagnostic-error': {borderLeftColor: 'var(--bad)'},
  '.cm-diagnostic-warning': {borderLeftColor: 'var(--warn)'},
});
const inks = HighlightStyle.define([
  {tag: [t.propertyName, t.definition(t.propertyName)], color: 'var(--brand-ink)', fontWeight: '600'},
  {tag: [t.string, t.content], color: 'var(--ink)'},
  {tag: [t.number, t.bool, t.null, t.literal], color: 'var(--info-ink)'},
  {tag: t.comment, color: 'var(--ink-3)', fontStyle: 'italic'},
  {tag: [t.keyword, t.labelName, t.typeName], color: 'var(--warn-ink)'},
  {tag: [t.punctuation, t.separator, t.squareBracket, t.brace], color: 'var(--ink-2)'},
]);

function diagnostics(doc, problems) {
  return problems.map(({line = 1, column = 1, message, severity = 'error'}) => {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
    return {from, to: Math.max(from, at.to), severity, message};
  });
}

export function mount(box) {
  box.dataset.mounted = '';
  const field = box.querySelector('textarea');
  const host = document.createElement('div');
  host.className = 'editor-host';
  field.before(host);
  const root = host.attachShadow({mode: 'open', delegatesFocus: true});
  const label = box.dataset.label || field.labels?.[0]?.textContent.trim() || gettext('Text');
  const read = field.readOnly || field.disabled;
  const view = new EditorView({
    root, parent: root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search({top: true}),
        yaml(), syntaxHighlighting(inks), look, lintGutter(), EditorView.lineWrapping, EditorState.tabSize.of(2), EditorState.readOnly.of(read),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap]), // Tab is not bound: it must leave the editor
        EditorView.contentAttributes.of({'aria-label': label, tabindex: '0'}),
        EditorView.updateListener.of(update => { if (update.docChanged) { field.value = update.state.doc.toString(); field.dispatchEvent(new Event('input', {bubbles: true})); } }),
      ],
    }),
  });
  field.hidden = true;
  box.querySelectorAll('[data-line]').forEach(button => button.addEventListener('click', () => {
    const line = view.state.doc.line(Math.min(Number(button.dataset.line) || 1, view.state.doc.lines));
    view.dispatch({selection: {anchor: Math.min(line.from + Math.max((Number(button.dataset.column) || 1) - 1, 0), line.to)}, scrollIntoView: true});
    view.focus();
  }));
  const given = box.querySelector('script[type="application/json"]');
  if (given) view.dispatch(setDiagnostics(view.state, diagnostics(view.state.doc, JSON.parse(given.textContent))));
  box.addEventListener('editor:problems', event => view.dispatch(setDiagnostics(view.state, diagnostics(view.state.doc, event.detail))));
  box.addEventListener('editor:text', event => view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: event.detail}}));
}
