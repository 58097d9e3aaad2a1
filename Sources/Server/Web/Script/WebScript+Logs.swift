extension WebScript {
    /// The view of log records.
    static let logs = #"""
        // Log records: the searchable list, and the list below a trace.

        import { get, isAborted } from './api.js';
        import { arrows, button, failure, field, h, refill, remark, select } from './dom.js';
        import { clock, colour, count, moment, nanoseconds, severity, text } from './format.js';
        import { address, attributes, go, rangeStart, ranges } from './route.js';
        import { serviceList, watchServices } from './services.js';
        import { pairTable } from './span.js';
        import { firstSteps } from './traces.js';

        const names = ['q', 'severity', 'service', 'attributes', 'range'];
        const severities = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'];

        /// The view.
        export function logs(main, route) {
          const side = serviceList('logs');
          const inputs = {
            q: h('input', {
              name: 'q', type: 'search', placeholder: 'words of the message, case matters',
              autocomplete: 'off', spellcheck: 'false',
            }),
            severity: select('severity', [['', 'every severity'], ...severities], ''),
            service: select('service', [['', 'every service']], ''),
            attributes: h('input', {
              name: 'attributes', placeholder: 'order.id=1742', autocomplete: 'off',
              spellcheck: 'false',
            }),
            range: select('range', ranges, '1h'),
          };
          const form = h('form', { class: 'filters' },
            field('Text', inputs.q, { class: 'field wide' }),
            field('Severity', inputs.severity), field('Service', inputs.service),
            field('Attributes', inputs.attributes, { class: 'field wide' }),
            field('Time', inputs.range),
            h('button', { type: 'submit', class: 'hidden' }, 'Search'));
          const values = () => Object.fromEntries(names.map((name) => {
            const value = inputs[name].value.trim();
            return [name, name === 'range' && value === '1h' ? '' : value];
          }));
          const note = h('span', { class: 'quiet' });
          const place = h('div');
          let control = new AbortController();
          let shown;
          form.addEventListener('change', () => go('logs', '', values()));
          form.addEventListener('submit', (event) => {
            event.preventDefault();
            go('logs', '', values());
            reload();
          });
          const stopWatching = watchServices((services) => refill(inputs.service,
            [['', 'every service'], ...services], inputs.service.value));
          main.replaceChildren(
            h('div', { class: 'columns' }, side.node, h('section', { class: 'body' },
            form, h('div', { class: 'line' }, h('h1', null, 'Logs'), note,
              h('span', { class: 'gap' }),
              button('Refresh', reload, { title: 'search again (r)' })), place)));

          function reload() {
            control.abort();
            control = new AbortController();
            const filter = shown;
            const list = logList({
              ...filter,
              start: rangeStart(filter.range || '1h'),
              onCount: (number, hasMore) => {
                note.textContent = number
                  ? `${count(number)} newest${hasMore ? '' : ', that is all'}` : '';
              },
              empty: () => (names.some((name) => filter[name])
                ? remark('No log record fits these filters.', h('p', null,
                  button('Clear the filters', () => go('logs', '', {}))))
                : firstSteps('No logs in the last hour.')),
            });
            place.replaceChildren(list.node);
            list.load(control.signal);
          }
          function update(next) {
            shown = Object.fromEntries(
              names.map((name) => [name, next.parameters.get(name) ?? '']));
            side.update(shown);
            refill(inputs.service, [...inputs.service.options].map((option) => [option.value,
              option.text]), shown.service);
            for (const name of ['q', 'severity', 'attributes']) inputs[name].value = shown[name];
            inputs.range.value = shown.range || '1h';
            reload();
          }
          update(route);
          return {
            title: 'Logs',
            update,
            keys: { '/': () => inputs.q.focus(), r: reload },
            stop() {
              control.abort();
              side.stop();
              stopWatching();
            },
          };
        }

        /// Pages of records. `isAscending` turns the order of an answer round: under a trace, what
        /// came first is read first.
        export function logList(filter) {
          const list = h('ol', { class: 'rows logs' });
          const state = h('div', { class: 'state' });
          const more = h('p', { class: 'more' });
          let total = 0;
          arrows(list, '.title');

          async function load(signal, cursor) {
            more.replaceChildren();
            state.replaceChildren(total ? '' : h('p', { class: 'quiet wait' }, 'Searching…'));
            try {
              const pairs = attributes(filter.attributes ?? '');
              const answer = await get('/api/logs', {
                q: filter.q,
                severity: filter.severity,
                service: filter.service,
                traceId: filter.traceId,
                start: filter.start,
                attributes: Object.keys(pairs).length ? JSON.stringify(pairs) : '',
                limit: filter.isAscending ? 500 : 100,
                cursor,
              }, { signal, exact: true });
              const found = answer.logs ?? [];
              total += found.length;
              const rows = found.map((log) => logRow(log, filter));
              if (filter.isAscending) list.prepend(...rows.reverse());
              else list.append(...rows);
              state.replaceChildren();
              if (!total) {
                state.replaceChildren(filter.empty?.() ?? h('p', { class: 'quiet wait' }, 'None.'));
              }
              filter.onCount?.(total, Boolean(answer.nextCursor));
              if (answer.nextCursor) {
                more.append(button('Load more', () => load(signal, answer.nextCursor)));
              }
            } catch (error) {
              if (isAborted(error)) return;
              state.replaceChildren(failure(error, () => load(signal, cursor)));
            }
          }
          const parts = filter.isAscending ? [more, state, list] : [list, state, more];
          return { node: h('div', { class: 'loglist' }, parts), load };
        }

        const timeOf = (log) => nanoseconds(log.timeUnixNano === '0'
          ? log.observedTimeUnixNano : log.timeUnixNano);

        function logRow(log, filter) {
          const time = timeOf(log);
          const level = severity(log);
          const details = h('div', { class: 'detail' });
          const message = log.body === null ? log.eventName : text(log.body);
          const title = h('button', { type: 'button', class: 'title', 'aria-expanded': 'false' },
            h('span', null, message || '(empty)'));
          const isTrace = Boolean(filter.traceId);
          const link = log.traceId && !isTrace ? h('a', {
            class: 'ref', href: address('trace', log.traceId, { span: log.spanId }),
            title: `trace ${log.traceId}`,
            on: { click: (event) => event.stopPropagation() },
          }, log.traceId.slice(0, 8)) : h('span', { class: 'ref' });
          const line = h('div', { class: 'log' },
            h('time', { class: 'quiet', title: moment(time) }, clock(time)),
            h('span', { class: `severity ${level.kind}` }, level.label || '–'),
            h('b', { class: 'service' }, log.service || '(no service)'), title, isTrace ? null
              : link);
          const node = h('li', { class: colour(log.service) }, line, details);
          line.addEventListener('click', () => {
            if (getSelection().toString() && getSelection().containsNode(line, true)) return;
            const isOpen = node.classList.toggle('open');
            title.setAttribute('aria-expanded', String(isOpen));
            details.replaceChildren(...(isOpen ? [logDetails(log, message, filter)] : []));
          });
          return node;
        }

        function logDetails(log, message, filter) {
          const pairs = (object) => Object.entries(object ?? {}).sort(([left], [right]) => (
            left < right ? -1 : 1));
          const time = timeOf(log);
          const body = typeof log.body === 'object' && log.body !== null
            ? JSON.stringify(log.body, null, 1) : message;
          return h('div', { class: 'span' },
            h('p', { class: 'facts' },
              h('span', null, moment(time)),
              h('span', null, `severity ${log.severityText || '–'} (${log.severityNumber})`),
              log.eventName && h('span', null, `event ${log.eventName}`),
              log.traceId && !filter.traceId && h('a', {
                href: address('trace', log.traceId, { span: log.spanId }),
              }, 'open the trace'),
              log.spanId && filter.onSpan
                && button('show the span', () => filter.onSpan(log.spanId))),
            h('pre', { class: 'message', tabindex: '0' }, body || '(empty)'),
            h('div', { class: 'tables' },
              pairTable('Attributes', pairs(log.attributes)),
              pairTable('Resource', pairs(log.resource)),
              pairTable('Scope', pairs(log.scope).filter(([, value]) => value))));
        }
        """#
}
