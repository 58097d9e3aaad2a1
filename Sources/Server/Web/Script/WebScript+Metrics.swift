extension WebScript {
    /// The view of metrics.
    static let metrics = #"""
        // Metrics: their names, and the series of one of them as a chart.

        import { get, isAborted, repeat } from './api.js';
        import { chart } from './chart.js';
        import { arrows, button, failure, field, h, refill, remark, select } from './dom.js';
        import { colour, colourOf, count, measured, nanoseconds } from './format.js';
        import { address, go, rangeLength, ranges } from './route.js';
        import { firstSteps } from './traces.js';

        const drawnMax = 12;
        const names = ['name', 'service', 'statistic', 'range', 'rate'];

        /// The view.
        export function metrics(main, route) {
          const search = h('input', {
            type: 'search', placeholder: 'find a metric', 'aria-label': 'Find a metric',
            autocomplete: 'off', spellcheck: 'false',
          });
          const list = h('ul', { class: 'names' });
          const wide = matchMedia('(min-width: 900px)');
          const side = h('details',
            { class: 'side', open: wide.matches || !route.parameters.get('name') },
            h('summary', null, 'Metrics'), search, list);
          const body = h('section', { class: 'body' });
          main.replaceChildren(h('div', { class: 'columns' }, side, body));
          arrows(list, 'a');

          let known;
          let chosen = {};
          let panel;
          search.addEventListener('input', drawNames);

          function drawNames() {
            const wanted = search.value.trim().toLowerCase();
            const found =
              (known ?? []).filter((metric) => metric.name.toLowerCase().includes(wanted));
            list.replaceChildren(...found.map((metric) => h('li', null, h('a', {
              href: address('metrics', '',
                { ...chosen, name: metric.name, service: '', statistic: '' }),
              title: metric.description || metric.name,
              'aria-current': metric.name === chosen.name ? 'true' : null,
              on: { click: () => { if (!wide.matches) side.open = false; } },
            }, h('span', { class: 'name' }, metric.name),
            h('span', { class: 'quiet' }, metric.type.replaceAll('_', ' '),
              metric.unit && ` · ${metric.unit}`)))));
            if (!found.length && known) {
              list.replaceChildren(
                h('li', { class: 'quiet none' }, known.length ? 'no such name' : 'none yet'));
            }
          }

          const poller = repeat(15e3, async (signal) => {
            try {
              const found = (await get('/api/metrics/names', {}, { signal })).metrics ?? [];
              const isSame = JSON.stringify(found) === JSON.stringify(known);
              known = found;
              if (isSame) return;
              drawNames();
              if (!panel || panel.isWaiting) draw();
            } catch (error) {
              if (!isAborted(error) && !known) body.replaceChildren(
                failure(error, () => poller.now()));
            }
          });

          function draw() {
            panel?.stop();
            panel = undefined;
            if (!known) {
              body.replaceChildren(h('p', { class: 'quiet wait' }, 'Reading the names…'));
            } else if (!known.length) {
              body.replaceChildren(firstSteps('No metrics yet.'));
            } else if (!chosen.name) {
              body.replaceChildren(remark('Choose a metric.', h('p', null,
                `${count(known.length)} metrics have been seen.`)));
              panel = { isWaiting: false, stop() {} };
            } else {
              panel = metricPanel(body, chosen,
                known.filter((metric) => metric.name === chosen.name));
            }
          }
          function update(next) {
            chosen = Object.fromEntries(
              names.map((name) => [name, next.parameters.get(name) ?? '']));
            drawNames();
            if (known) draw();
          }
          update(route);
          if (!known) draw();
          return {
            title: route.parameters.get('name') || 'Metrics',
            update,
            keys: { '/': () => { side.open = true; search.focus(); } },
            stop() {
              poller.stop();
              panel?.stop();
            },
          };
        }

        function metricPanel(body, chosen, variants) {
          const metric = variants[0]
            ?? { name: chosen.name, type: '', unit: '', description: '', services: [] };
          const range = rangeLength(chosen.range) ? chosen.range : '1h';
          const length = rangeLength(range);
          const services = [...new Set(variants.flatMap((variant) => variant.services))];
          const inputs = {
            service: select('service', [['', 'every service'], ...services], chosen.service),
            statistic: select('statistic', [chosen.statistic || ''], chosen.statistic),
            range: select('range', ranges.filter(([key]) => rangeLength(key)), range),
            rate: h('input', { type: 'checkbox', name: 'rate', checked: Boolean(chosen.rate) }),
          };
          const statistic = field('Statistic', inputs.statistic);
          statistic.hidden = true;
          const rate = h('label', { class: 'check' }, inputs.rate, 'Per second');
          const isSummable = variants.some((variant) => variant.type !== 'gauge');
          rate.hidden = !isSummable;
          const form = h('form', { class: 'filters' }, field('Service', inputs.service), statistic,
            field('Time', inputs.range), rate);
          const place = h('div', { class: 'chartplace' });
          const table = h('div', { class: 'series' });
          const state = h('div', { class: 'state' }, h('p', { class: 'quiet wait' }, 'Reading…'));
          const hidden = new Set();
          const colours = new Map();
          let last;
          form.addEventListener('submit', (event) => event.preventDefault());
          form.addEventListener('change', () => go('metrics', '', {
            name: metric.name,
            service: inputs.service.value,
            statistic: inputs.statistic.value,
            range: inputs.range.value === '1h' ? '' : inputs.range.value,
            rate: inputs.rate.checked ? '1' : '',
          }));
          body.replaceChildren(form, h('div', { class: 'line' }, h('h1', null, metric.name),
            h('span', { class: 'quiet' }, [...new Set(variants.map((variant) => variant.type
              .replaceAll('_', ' ')))].join(', '), metric.unit && ` · ${metric.unit}`)),
          metric.description && h('p', { class: 'quiet' }, metric.description), state, place,
          table);

          // About 240 points across the chart, on steps that divide minutes.
          const step = Math.max(5, Math.ceil(length / 240e3 / 5) * 5);

          const poller = repeat(10e3, async (signal) => {
            try {
              const end = Math.ceil(Date.now() / 1000 / step) * step;
              const start = end - length / 1000;
              const answer = await get('/api/metrics/range', {
                name: metric.name,
                service: chosen.service,
                start: `${start}000000000`,
                end: `${end}000000000`,
                step: `${step}s`,
              }, { signal });
              last = { start: start * 1000, end: end * 1000,
                series: (answer.series ?? []).map(readSeries) };
              show();
            } catch (error) {
              if (!isAborted(error)) state.replaceChildren(failure(error, () => poller.now()));
            }
          });

          function show() {
            const statistics =
              [...new Set(last.series.map((series) => series.statistic))].filter(Boolean);
            const hasMean = ['count', 'sum'].every((name) => statistics.includes(name));
            if (hasMean) statistics.unshift('mean');
            const wanted = statistics.includes(chosen.statistic) ? chosen.statistic
              : preferred(statistics);
            statistic.hidden = statistics.length === 0;
            rate.hidden = !isSummable || /^(mean|min|max|quantile)/.test(wanted);
            const isRate = Boolean(chosen.rate) && !rate.hidden;
            if (statistics.length) refill(inputs.statistic, statistics, wanted);
            const all = (wanted === 'mean' ? means(last.series)
              : last.series.filter((series) => !statistics.length || series.statistic === wanted))
              .map((series) => (isRate ? perSecond(series) : series));
            const { common, varying } = sortLabels(all);
            const ordered = all.map((series) => ({
              ...series,
              label: series.labels.filter(([key]) => varying.has(key)).map(([key, value]) => (
                varying.size === 1 ? value || '(none)' : `${key}=${value}`)).join(' ')
                || wanted || metric.name,
              last: series.points.findLast(([, value]) => value !== null)?.[1],
              least: Math.min(...series.points.map(([, value]) => value ?? Infinity)),
              most: Math.max(...series.points.map(([, value]) => value ?? -Infinity)),
            })).sort((left, right) => right.most - left.most);
            number(ordered);
            const isByService = varying.size === 1 && varying.has('service.name');
            for (const series of ordered) {
              if (!colours.has(series.label)) colours.set(series.label, colourOf(colours.size));
              series.colour = isByService
                ? colour(new Map(series.labels).get('service.name')) : colours.get(series.label);
            }
            const drawn = ordered.slice(0, drawnMax);
            state.replaceChildren(...(ordered.length ? [] : [remark('No points in this time.',
              h('p', null, 'Choose a longer time above.'))]));
            const unit = wanted === 'count' ? '1' : metric.unit;
            const write = (value) => measured(value, unit) + (isRate ? '/s' : '');
            place.replaceChildren(...(drawn.length ? [chart({
              start: last.start, end: last.end, step: step * 1000, unit, write,
              series: drawn.filter((series) => !hidden.has(series.label)),
            })] : []));
            table.replaceChildren(
              ...(ordered.length ? [legend(ordered, drawn, common, varying, write)] : []));
          }

          function legend(ordered, drawn, common, varying, write) {
            const rest = ordered.length - drawn.length;
            return h('div', null,
              common.length ? h('p', { class: 'quiet' }, 'All: ',
                common.map(([key, value]) => `${key}=${value}`).join(', ')) : null,
              h('table', null, h('thead', null, h('tr', null, [
                varying.size === 1 ? [...varying][0] : 'Series', 'Last', 'Least', 'Most']
                .map((title, index) => h('th', { class: index ? 'number' : '' }, title)))),
              h('tbody', null, drawn.map((series) => h('tr', { class: series.colour },
                h('td', null, button([h('i', { class: 'dot' }), series.label], () => {
                  if (!hidden.delete(series.label)) hidden.add(series.label);
                  show();
                }, {
                  class: 'plain', 'aria-pressed': String(!hidden.has(series.label)),
                  title: 'show or hide this line',
                })),
                [series.last, series.least, series.most].map((value) => h('td', { class: 'number' },
                  Number.isFinite(value) ? write(value) : '–')))))),
              rest > 0 && h('p', { class: 'quiet' },
                `${count(rest)} more series are not drawn; choose a service to see fewer.`));
          }
          return { isWaiting: variants.length === 0, stop: () => poller.stop() };
        }

        function preferred(statistics) {
          const order = ['mean', 'quantile 0.95', 'quantile 0.99', 'quantile 0.5', 'count'];
          return order.find((name) => statistics.includes(name)) ?? statistics[0] ?? '';
        }

        /// Values that JSON has no number for come as text; they are gaps in the line.
        function readSeries(series) {
          const labels = Object.entries(series.labels ?? {});
          return {
            labels,
            statistic: series.labels?.statistic,
            points: (series.points ?? []).map(([time, value]) => [
              Number(nanoseconds(time) / 1000000n), Number.isFinite(value) ? value : null,
            ]),
          };
        }

        /// Whether points hold totals since some start rather than what happened since the point
        /// before: totals hardly ever fall, and a fall is a counter that began again.
        function isCumulative(points) {
          let falls = 0;
          for (let index = 1; index < points.length; index += 1) {
            if (points[index][1] < points[index - 1][1]) falls += 1;
          }
          return falls <= points.length / 10;
        }

        /// What was added between neighbouring points: [ms, amount, seconds].
        function growth(points) {
          const isTotal = isCumulative(points);
          return points.slice(1).map(([time, value], index) => {
            const [before, earlier] = points[index];
            const isKnown = value !== null && earlier !== null && (!isTotal || value >= earlier);
            return [time, isKnown ? (isTotal ? value - earlier : value) : null,
              (time - before) / 1000];
          });
        }

        function perSecond(series) {
          const points = growth(series.points).map(([time, added, seconds]) => [time,
            added === null || seconds <= 0 ? null : added / seconds]);
          return { ...series, points };
        }

        /// The mean of what was measured between neighbouring points, from the sums and the counts.
        /// Series with the same labels, such as those of several instances, are taken together.
        function means(all) {
          const groups = new Map();
          for (const series of all) {
            const labels = series.labels.filter(([key]) => key !== 'statistic');
            const key = JSON.stringify(labels);
            if (!groups.has(key)) groups.set(key, { labels, sum: new Map(), count: new Map() });
            const totals = groups.get(key)[series.statistic];
            for (const [time, added] of totals instanceof Map ? growth(series.points) : []) {
              if (added !== null) totals.set(time, (totals.get(time) ?? 0) + added);
            }
          }
          return [...groups.values()].map(({ labels, sum, count: number }) => ({
            labels,
            statistic: 'mean',
            points: [...sum].sort(([left], [right]) => left - right).map(([time, added]) => [
              time, number.get(time) ? added / number.get(time) : null,
            ]),
          }));
        }

        /// Tells series with the same labels apart by a number.
        function number(ordered) {
          const seen = new Map();
          for (const series of ordered) {
            const times = (seen.get(series.label) ?? 0) + 1;
            seen.set(series.label, times);
            if (times > 1) series.label = `${series.label} #${times}`;
          }
        }

        /// The labels that all series share, and the names of those that tell them apart.
        function sortLabels(all) {
          const maps = all.map((series) => new Map(series.labels));
          const keys = [...new Set(maps.flatMap((labels) => [...labels.keys()]))]
            .filter((key) => key !== 'statistic');
          const isShared = (key) => maps.every((labels) => labels.get(key) === maps[0].get(key));
          return {
            common: keys.filter(isShared).map((key) => [key, maps[0].get(key)]),
            varying: new Set(keys.filter((key) => !isShared(key))),
          };
        }
        """#
}
