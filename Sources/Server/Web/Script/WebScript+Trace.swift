extension WebScript {
    /// The view of one trace.
    static let trace = #"""
        // One trace as a waterfall, with its logs below.

        import { get, isAborted } from './api.js';
        import { arrows, button, failure, h } from './dom.js';
        import { clock, colour, count, duration, moment } from './format.js';
        import { logList } from './logs.js';
        import { readTrace } from './otlp.js';
        import { address, note } from './route.js';
        import { spanDetails } from './span.js';

        const pageLength = 1000;

        /// The view.
        export function trace(main, route) {
          const control = new AbortController();
          const { id } = route;
          const body = h('div', null, h('p', { class: 'quiet wait' }, 'Reading the trace…'));
          const back = button('← Traces', () => {
            if (history.length > 1 && document.referrer === ''
              && sessionStorage.getItem('holdfast.list')) {
              location.hash = sessionStorage.getItem('holdfast.list');
            } else {
              location.hash = address('traces');
            }
          }, { class: 'plain' });
          main.replaceChildren(h('section', { class: 'body single' }, back, body));
          let waterfall;

          async function load() {
            try {
              const answer = await get(`/api/v3/traces/${encodeURIComponent(id)}`, {},
                { signal: control.signal });
              const found = readTrace(answer);
              waterfall = makeWaterfall(found, id);
              const logs = logList(
                { traceId: id, isAscending: true, onSpan: (span) => waterfall.open(span) });
              const title = h('h2', null, 'Logs of this trace');
              body.replaceChildren(header(found, id, () => load()), waterfall.node,
                h('section', null, title, logs.node));
              logs.load(control.signal);
              const span = route.parameters.get('span');
              if (span) waterfall.open(span);
            } catch (error) {
              if (!isAborted(error)) body.replaceChildren(failure(error, load));
            }
          }
          load();
          return {
            title: `Trace ${id.slice(0, 8)}`,
            keys: { Escape: () => back.click() },
            update(next) {
              const span = next.parameters.get('span');
              if (next.id !== id) return false;
              if (span) waterfall?.open(span);
              return true;
            },
            stop: () => control.abort(),
          };
        }

        function header(found, id, refresh) {
          const { root } = found;
          return h('header', { class: 'summary' },
            h('div', { class: 'line' },
              h('h1', null, h('span', { class: `name ${colour(root?.service)}` }, root?.service
                || '(no service)'),
                ' ', root?.name), h('span', { class: 'gap' }), button('Refresh', refresh)),
            h('p', { class: 'facts' },
              h('span', { title: moment(found.start) }, clock(found.start)),
              h('span', null, h('b', null, duration(found.duration))),
              h('span', null, h('b', null, count(found.spans.length)), found.spans.length === 1
                ? ' span' : ' spans'),
              found.errors ? h('span', { class: 'bad' }, h('b', null, count(found.errors)),
                found.errors === 1 ? ' error' : ' errors') : null,
              h('code', { class: 'quiet' }, id)),
            h('p', { class: 'legend' }, found.services.map(([service, spans]) => h('span', {
              class: colour(service),
            }, h('i', { class: 'dot' }), service || '(no service)', ' ',
            h('span', { class: 'quiet' }, count(spans))))));
        }

        function makeWaterfall(found, traceID) {
          const total = Math.max(1, found.duration);
          const place = (time) => (Number(time - found.start) / total) * 100;
          const list = h('ol', { class: 'rows spans' });
          const rows = new Map();
          const folded = new Set();
          const more = h('p', { class: 'more' });
          let shown = 0;

          const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => h('span', {
            css: { left: `${part * 100}%` }, class: part === 1 ? 'last' : '',
          }, duration(found.duration * part)));

          function fold(span, isFolded) {
            if (isFolded) folded.add(span);
            else folded.delete(span);
            let hiddenBelow = Infinity;
            for (const other of found.spans) {
              const row = rows.get(other.id);
              if (other.depth <= hiddenBelow) hiddenBelow = Infinity;
              row?.hide(other.depth > hiddenBelow);
              if (hiddenBelow === Infinity && folded.has(other)) hiddenBelow = other.depth;
            }
            rows.get(span.id)?.fold(isFolded);
          }

          function makeRow(span) {
            const details = h('div', { class: 'detail' });
            const left = Math.min(99.8, Math.max(0, place(span.start)));
            const width = Math.max(0.2, (span.duration / total) * 100);
            const bar = h('i', { class: 'bar', css: { left: `${left}%`, width: `${width}%` } });
            const marks =
              span.events.filter((event) => event.name === 'exception').map((event) => h('i', {
              class: 'mark', css: { left: `${Math.min(100, Math.max(0, place(event.time)))}%` },
            }));
            const length = h('span', { class: 'after', css: left + width < 70
              ? { left: `${left + width}%` } : { right: `${100 - left}%` } },
                duration(span.duration));
            if (left + width >= 70 && left < 20) {
              length.classList.add('inside');
              length.style.setProperty('right', `${Math.max(0, 100 - left - width)}%`);
            }
            const caret = span.children.length ? button('▾', (event) => {
              event.stopPropagation();
              fold(span, !folded.has(span));
            }, { class: 'caret', tabindex: '-1', 'aria-label': 'fold the spans below' })
              : h('span', { class: 'caret' });
            const title = h('button', { type: 'button', class: 'title', 'aria-expanded': 'false' },
              h('b', null, span.service || '(no service)'),
              h('span', null, span.name || '(no name)'),
              span.isFailed && h('em', { class: 'flag', title: span.message || 'error' }, 'error'),
              span.isOrphan
                && h('em', { class: 'flag quiet', title: `parent ${span.parent} is missing` },
                'no parent'));
            const line = h('div', {
              class: 'waterline', css: { '--depth': String(Math.min(span.depth, 24)) },
            }, h('div', { class: 'label' }, caret, title),
              h('div', { class: 'track' }, bar, marks, length));
            const node = h('li',
              { class: `${colour(span.service)}${span.isFailed ? ' failed' : ''}` },
              line, details);
            function toggle(isOpen = !node.classList.contains('open')) {
              node.classList.toggle('open', isOpen);
              title.setAttribute('aria-expanded', String(isOpen));
              details.replaceChildren(...(isOpen ? [spanDetails(span, found)] : []));
            }
            line.addEventListener('click', () => {
              toggle();
              const isOpen = node.classList.contains('open');
              note('trace', traceID, { span: isOpen ? span.id : '' });
            });
            title.addEventListener('keydown', (event) => {
              if (!span.children.length) return;
              if (event.key === 'ArrowLeft') fold(span, true);
              if (event.key === 'ArrowRight') fold(span, false);
            });
            return {
              node,
              title,
              toggle,
              hide: (isHidden) => { node.hidden = isHidden; },
              fold: (isFolded) => {
                caret.textContent = isFolded ? `▸` : '▾';
                title.dataset.folded = isFolded ? 'true' : '';
              },
            };
          }

          function draw() {
            const next = found.spans.slice(shown, shown + pageLength);
            shown += next.length;
            list.append(...next.map((span) => {
              const row = makeRow(span);
              rows.set(span.id, row);
              return row.node;
            }));
            const left = found.spans.length - shown;
            more.replaceChildren(...(left ? [button(`Show ${count(Math.min(left, pageLength))} of ${
              count(left)} more spans`, draw)] : []));
          }
          draw();
          arrows(list, '.title');
          return {
            node: h('section', { class: 'waterfall' },
              h('div', { class: 'head waterline', 'aria-hidden': 'true' },
                h('div', { class: 'label' }, 'Service and operation'),
                h('div', { class: 'track ticks' }, ticks)), list, more),
            open(spanID) {
              while (!rows.has(spanID) && shown < found.spans.length) draw();
              const row = rows.get(spanID);
              if (!row) return;
              for (const span of [...folded]) fold(span, false);
              row.toggle(true);
              row.node.scrollIntoView({ block: 'center' });
              row.title.focus({ preventScroll: true });
            },
          };
        }
        """#
}
