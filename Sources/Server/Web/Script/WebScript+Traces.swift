extension WebScript {
    /// The view of the latest traces.
    static let traces = #"""
        // The latest traces, kept current.

        import { get, isAborted, repeat, session } from './api.js';
        import {
          arrows, button, copyable, failure, field, h, refill, remark, select,
        } from './dom.js';
        import { clock, colour, count, duration, moment, nanoseconds } from './format.js';
        import { address, attributes, go, rangeStart, ranges } from './route.js';
        import { operations, serviceList, watchServices } from './services.js';

        const names = ['service', 'operation', 'attributes', 'min', 'range', 'errors', 'limit'];
        let isPaused = false;

        /// The view.
        export function traces(main, route) {
          const side = serviceList('traces');
          const form = filters();
          const list = h('ol', { class: 'rows' });
          const state = h('div', { class: 'state', 'aria-live': 'polite' });
          const note = h('span', { class: 'quiet' });
          const head = h('div', { class: 'head trace', 'aria-hidden': 'true' },
            h('span', null, 'Time'), h('span', null, 'Operation'), h('span', null, 'Duration'),
            h('span', { class: 'number' }, 'Spans'), h('span', { class: 'number' }, 'Errors'),
            h('span', null, 'Services'));
          const rows = new Map();
          let parameters = {};
          let poller;
          let shownOperations;

          const pause = button('', () => {
            isPaused = !isPaused;
            label();
            load(!isPaused);
          }, { class: 'toggle' });
          function label() {
            pause.textContent = isPaused ? 'Resume' : 'Pause';
            pause.title = isPaused ? 'refresh every 2 s again (p)' : 'stop refreshing (p)';
            pause.setAttribute('aria-pressed', String(isPaused));
          }
          label();
          form.node.addEventListener('change', () => {
            const service = form.value('service');
            go('traces', '', { ...form.values(), operation: service === (parameters.service ?? '')
              ? form.value('operation') : '' });
          });
          form.node.addEventListener('submit', (event) => {
            event.preventDefault();
            go('traces', '', form.values());
            poller?.now();
          });
          arrows(list, 'a');
          const stopWatching = watchServices((services) => form.services(services));

          main.replaceChildren(
            h('div', { class: 'columns' }, side.node, h('section', { class: 'body' },
            form.node,
            h('div', { class: 'line' }, h('h1', null, 'Traces'), note, h('span', { class: 'gap' }),
              pause,
              button('Refresh', () => poller.now())),
            head, state, list)));

          async function search(signal) {
            try {
              const filter = attributes(parameters.attributes ?? '');
              if (parameters.errors) filter.error = 'true';
              const answer = await get('/api/v3/trace-summaries', {
                'query.service_name': parameters.service,
                'query.operation_name': parameters.operation,
                'query.attributes': Object.keys(filter).length ? JSON.stringify(filter) : '',
                'query.duration_min': parameters.min,
                'query.start_time_min': rangeStart(parameters.range ?? '1h'),
                'query.search_depth': parameters.limit ?? '30',
              }, { signal });
              show(answer.summaries ?? []);
            } catch (error) {
              if (isAborted(error)) return;
              note.textContent = rows.size ? 'not refreshed' : '';
              head.hidden = rows.size === 0;
              state.replaceChildren(failure(error, () => poller.now()));
            }
          }

          function show(summaries) {
            const found = summaries.map(read);
            const longest = Math.max(1, ...found.map((trace) => trace.duration));
            const isFirst = rows.size === 0;
            const kept = new Set(found.map((trace) => trace.id));
            for (const [id, row] of rows) {
              if (!kept.has(id)) {
                row.node.remove();
                rows.delete(id);
              }
            }
            found.forEach((trace, index) => {
              let row = rows.get(trace.id);
              if (!row) {
                row = makeRow(trace.id);
                if (!isFirst) row.node.classList.add('new');
                rows.set(trace.id, row);
              }
              row.update(trace, longest);
              if (list.children[index] !== row.node) list.insertBefore(row.node,
                list.children[index]);
            });
            head.hidden = rows.size === 0;
            note.textContent = found.length ? `${count(found.length)} newest` : '';
            state.replaceChildren(...(found.length ? [] : [nothing()]));
          }

          function nothing() {
            const isFiltered = names.some((name) => name !== 'limit' && parameters[name]);
            if (isFiltered) {
              return remark('No trace fits these filters.', h('p', null,
                button('Clear the filters', () => go('traces', '', {}))));
            }
            return firstSteps('No traces in the last hour.');
          }

          function load(isStarted) {
            poller?.stop();
            poller = repeat(isPaused ? Infinity : 2000, search, isStarted);
          }

          async function fillOperations(service) {
            if (shownOperations === service) return;
            shownOperations = service;
            form.operations([]);
            if (!service) return;
            try {
              const found = await operations(service);
              if (shownOperations === service) form.operations(found);
            } catch {
              shownOperations = undefined;
            }
          }

          function update(next) {
            parameters = Object.fromEntries(
              names.map((name) => [name, next.parameters.get(name) ?? '']));
            for (const name of ['range', 'limit']) parameters[name] ||= undefined;
            side.update(parameters);
            form.show(parameters);
            fillOperations(parameters.service);
            for (const row of rows.values()) row.node.remove();
            rows.clear();
            head.hidden = true;
            state.replaceChildren(h('p', { class: 'quiet wait' }, 'Searching…'));
            load();
          }
          update(route);
          return {
            title: 'Traces',
            update,
            keys: { p: () => pause.click(), '/': () => form.focus() },
            stop() {
              poller.stop();
              side.stop();
              stopWatching();
            },
          };
        }

        function read(summary) {
          const start = nanoseconds(summary.minTimeUnixNano);
          return {
            id: summary.traceId,
            start,
            duration: Math.max(0, Number(nanoseconds(summary.maxTimeUnixNano) - start)),
            service: summary.rootServiceName ?? '',
            operation: summary.rootOperationName ?? '',
            spans: summary.spanCount ?? 0,
            errors: summary.errorSpanCount ?? 0,
            services: summary.services ?? [],
          };
        }

        /// A row that can be brought up to date in place, so that focus and pointer stay put.
        function makeRow(id) {
          const time = h('time', { class: 'quiet' });
          const link = h('a', { class: 'main', href: address('trace', id) });
          const bar = h('i', { class: 'bar' });
          const length = h('span', { class: 'number' });
          const spans = h('span', { class: 'number spans' });
          const errors = h('span', { class: 'number errors' });
          const services = h('span', { class: 'dots' });
          const node = h('li', { class: 'trace' }, time, link,
            h('span', { class: 'length' }, length, h('span', { class: 'track' }, bar)), spans,
            errors,
            services);
          let shown = '';
          function update(trace, longest) {
            bar.style.setProperty('width', `${Math.max(0.5, (trace.duration / longest) * 100)}%`);
            const key = JSON.stringify(
              [trace.duration, trace.spans, trace.errors, trace.operation]);
            if (key === shown) return;
            shown = key;
            time.textContent = clock(trace.start);
            time.title = moment(trace.start);
            link.replaceChildren(h('b', null, trace.service || '(no service)'),
              h('span', null, trace.operation || '(no name)'));
            link.title = `${trace.service}: ${trace.operation}\n${id}`;
            node.className = `trace ${colour(trace.service)}${trace.errors ? ' failed' : ''}`;
            length.textContent = duration(trace.duration);
            spans.replaceChildren(count(trace.spans), h('span', { class: 'unit' }, ' spans'));
            errors.replaceChildren(trace.errors ? count(trace.errors) : '',
              trace.errors ? h('span', { class: 'unit' }, trace.errors === 1 ? ' error' : ' errors')
                : '');
            services.replaceChildren(...trace.services.slice(0, 7).map((service) => h('i', {
              class: `dot ${colour(service.name)}`,
            })), h('span', { class: 'quiet' }, count(trace.services.length)));
            services.title =
              trace.services.map((service) => `${service.name}: ${service.spanCount} spans`
              + (service.errorSpanCount ? `, ${service.errorSpanCount} errors` : '')).join('\n');
          }
          return { node, update };
        }

        function filters() {
          const inputs = {
            service: select('service', [['', 'every service']], ''),
            operation: select('operation', [['', 'every operation']], ''),
            attributes: h('input', {
              name: 'attributes', placeholder: 'http.route=/cart', autocomplete: 'off',
              spellcheck: 'false',
            }),
            min: h('input',
              { name: 'min', placeholder: '250ms', autocomplete: 'off', spellcheck: 'false' }),
            range: select('range', ranges, '1h'),
            limit: select('limit', [['30', '30'], ['100', '100'], ['300', '300']], '30'),
            errors: h('input', { name: 'errors', type: 'checkbox' }),
          };
          const node = h('form', { class: 'filters' },
            field('Service', inputs.service), field('Operation', inputs.operation),
            field('Attributes', inputs.attributes, { class: 'field wide' }),
            field('At least', inputs.min, { class: 'field small' }), field('Time', inputs.range),
            field('Newest', inputs.limit, { class: 'field small' }),
            h('label', { class: 'check' }, inputs.errors, 'Errors only'),
            h('button', { type: 'submit', class: 'hidden' }, 'Search'));
          const value = (name) => (name === 'errors' ? (inputs.errors.checked ? '1' : '')
            : inputs[name].value.trim());
          const defaults = { range: '1h', limit: '30' };
          return {
            node,
            value,
            values: () => Object.fromEntries(names.map((name) => [name,
              value(name) === defaults[name] ? '' : value(name)])),
            focus: () => inputs.attributes.focus(),
            services: (found) => refill(inputs.service, [['', 'every service'], ...found],
              inputs.service.value),
            operations: (found) => refill(inputs.operation, [['', 'every operation'], ...found],
              inputs.operation.value),
            show(parameters) {
              refill(inputs.service, [...inputs.service.options].map((option) => [option.value,
                option.text]), parameters.service);
              refill(inputs.operation, [['', 'every operation']], parameters.operation);
              inputs.attributes.value = parameters.attributes;
              inputs.min.value = parameters.min;
              inputs.range.value = parameters.range ?? '1h';
              inputs.limit.value = parameters.limit ?? '30';
              inputs.errors.checked = Boolean(parameters.errors);
            },
          };
        }

        const digits = (length) => [...crypto.getRandomValues(new Uint8Array(length / 2))]
          .map((byte) => byte.toString(16).padStart(2, '0')).join('');

        /// How to send something, for whoever has nothing to look at.
        export function firstSteps(title) {
          const now = Date.now();
          const body = JSON.stringify({ resourceSpans: [{
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'hello' } }] },
            scopeSpans: [{ spans: [{
              traceId: digits(32), spanId: digits(16), name: 'first span', kind: 2,
              startTimeUnixNano: `${now - 42}000000`, endTimeUnixNano: `${now}000000`,
            }] }],
          }] });
          const space = session.space === 'default' ? ''
            : ` -H 'X-Holdfast-Space: ${session.space}'`;
          const token = session.token ? ' -H "Authorization: Bearer $TOKEN"' : '';
          return remark(title,
            h('p', null, 'Fill the page with the traffic of a small shop:'),
            copyable(`holdfast demo --url ${location.origin}`
              + `${session.space === 'default' ? '' : ` --space ${session.space}`}`
              + `${session.token ? ' --token-file FILE' : ''}`),
            h('p', null, 'Send one span with OTLP/JSON:'),
            copyable(`curl -sS ${location.origin}/v1/traces -H 'Content-Type: application/json'`
              + `${space}${token} -d '${body}'`),
            h('p', null, 'Or point any OpenTelemetry SDK here:'),
            copyable(`OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} `
              + 'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'));
        }
        """#
}
