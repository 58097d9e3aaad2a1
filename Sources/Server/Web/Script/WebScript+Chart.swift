extension WebScript {
    /// Draws lines.
    static let chart = #"""
        // A line chart: axes with round numbers, a line for each series, and the values under the
        // pointer.

        import { h, s } from './dom.js';
        import { axis, short, tick } from './format.js';

        const height = 260;
        const margin = { top: 10, right: 12, bottom: 22, left: 64 };

        /// A chart of `series` ({colour, label, points: [[ms, value]]}) from `start` to `end`.
        export function chart({ start, end, step, series, unit, write }) {
          const room = document.querySelector('.chartplace')?.clientWidth || innerWidth - 24;
          const width = Math.max(320, Math.min(1600, room));
          const plot = {
            width: width - margin.left - margin.right, height: height - margin.top - margin.bottom,
          };
          const values = series.flatMap((one) => one.points.map(([, value]) => value))
            .filter((value) => value !== null);
          const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
          const { factor, suffix } = axis(most, unit);
          const scale = niceScale(values.map((value) => value * factor));
          const x = (time) => margin.left + ((time - start) / (end - start)) * plot.width;
          const y = (value) => margin.top
            + (1 - (value * factor - scale.low) / (scale.high - scale.low)) * plot.height;
          const svg = s('svg', {
            class: 'chart', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
            tabindex: '0', 'aria-label': `${series.length} lines; the arrow keys read values`,
          });
          for (const value of scale.ticks) {
            svg.append(s('line', {
              class: 'grid', x1: margin.left, x2: width - margin.right, y1: y(value / factor),
              y2: y(value / factor),
            }), s('text', {
              x: margin.left - 6, y: y(value / factor), dy: '0.32em', 'text-anchor': 'end',
            }, value === 0 ? '0' : short(value) + suffix));
          }
          for (const time of timeTicks(start, end, plot.width)) {
            svg.append(s('line', {
              class: 'grid', x1: x(time), x2: x(time), y1: margin.top, y2: margin.top + plot.height,
            }), s('text', { x: x(time), y: height - 6, 'text-anchor': 'middle' },
              tick(time, end - start)));
          }
          for (const one of series) {
            svg.append(s('path', { class: `line ${one.colour}`, d: path(one.points, x, y, step) }));
            const single = isolated(one.points, step);
            for (const [time, value] of single) {
              svg.append(s('circle',
                { class: `point ${one.colour}`, cx: x(time), cy: y(value), r: 2 }));
            }
          }
          const tip = h('div', { class: 'tip', role: 'status' });
          tip.hidden = true;
          const cross = s('line', { class: 'cross', y1: margin.top, y2: margin.top + plot.height });
          cross.style.display = 'none';
          svg.append(cross);
          const box = h('div', { class: 'chartbox' }, svg, tip);
          follow({ svg, tip, cross, series, x, start, end, width, plot, step, write });
          return box;
        }

        function follow({ svg, tip, cross, series, x, start, end, width, plot, step, write }) {
          let at;
          function show(time) {
            at = Math.min(end, Math.max(start, time));
            const lines = series.map((one) => ({ one, point: nearest(one.points, at, step) }))
              .filter(({ point }) => point)
              .sort((left, right) => right.point[1] - left.point[1]);
            tip.hidden = lines.length === 0;
            cross.style.display = lines.length ? '' : 'none';
            if (!lines.length) return;
            const [time0] = lines[0].point;
            cross.setAttribute('x1', x(time0));
            cross.setAttribute('x2', x(time0));
            tip.replaceChildren(h('p', { class: 'quiet' }, new Date(time0).toLocaleTimeString([],
              { hour12: false })), ...lines.slice(0, 12).map(({ one, point }) => h('p', {
              class: one.colour,
            }, h('i', { class: 'dot' }), h('span', { class: 'name' }, one.label),
            h('b', null, write(point[1])))));
            const isRight = x(time0) > width / 2;
            tip.style.setProperty('left', isRight ? 'auto' : `${(x(time0) / width) * 100}%`);
            tip.style.setProperty('right', isRight ? `${(1 - x(time0) / width) * 100}%` : 'auto');
          }
          function hide() {
            tip.hidden = true;
            cross.style.display = 'none';
          }
          svg.addEventListener('pointermove', (event) => {
            const box = svg.getBoundingClientRect();
            const left = ((event.clientX - box.left) / box.width) * width;
            show(start + ((left - margin.left) / plot.width) * (end - start));
          });
          svg.addEventListener('pointerleave', hide);
          svg.addEventListener('blur', hide);
          svg.addEventListener('keydown', (event) => {
            const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!direction) return;
            event.preventDefault();
            show((at ?? end) + direction * step);
          });
        }

        function nearest(points, time, step) {
          let best;
          for (const point of points) {
            if (point[1] === null) continue;
            if (!best || Math.abs(point[0] - time) < Math.abs(best[0] - time)) best = point;
          }
          return best && Math.abs(best[0] - time) <= Math.max(step * 4, 60e3) ? best : undefined;
        }

        /// How far apart points may be and still be joined: senders report once a minute at least.
        const gap = (step) => Math.max(step * 4, 150e3);

        function path(points, x, y, step) {
          let text = '';
          let before;
          for (const [time, value] of points) {
            if (value === null) {
              before = undefined;
              continue;
            }
            const isJoined = before !== undefined && time - before <= gap(step);
            text += `${isJoined ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
            before = time;
          }
          return text;
        }

        /// Points that no line touches.
        function isolated(points, step) {
          const real = points.filter(([, value]) => value !== null);
          return real.filter(([time], index) => {
            const isFar = (other) => !other || Math.abs(other[0] - time) > gap(step);
            return isFar(real[index - 1]) && isFar(real[index + 1]);
          });
        }

        /// Bounds and ticks at 1, 2 or 5 times a power of ten; zero is in unless it is far away.
        function niceScale(values) {
          let low = Infinity;
          let high = -Infinity;
          for (const value of values) {
            low = Math.min(low, value);
            high = Math.max(high, value);
          }
          if (low > high) [low, high] = [0, 1];
          if (low > 0 && low < high * 0.7) low = 0;
          if (low === high) {
            const spread = Math.abs(low) || 1;
            [low, high] = low >= 0 ? [Math.max(0, low - spread / 2), high + spread / 2]
              : [low - spread / 2, high + spread / 2];
          }
          const rough = (high - low) / 4;
          const power = 10 ** Math.floor(Math.log10(rough));
          const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
          const first = Math.floor(low / step);
          const last = Math.ceil(high / step);
          const ticks = [];
          for (let index = first; index <= last; index += 1) {
            ticks.push(Number((index * step).toPrecision(12)));
          }
          return { low: ticks[0], high: ticks.at(-1), ticks };
        }

        function timeTicks(start, end, width) {
          const sizes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440]
            .map((minutes) => minutes * 60e3);
          const size = sizes.find((one) => ((end - start) / one) * 70 <= width) ?? sizes.at(-1);
          const offset = new Date(start).getTimezoneOffset() * 60e3;
          const ticks = [];
          const first = Math.ceil((start - offset) / size) * size + offset;
          for (let time = first; time <= end; time += size) {
            ticks.push(time);
          }
          return ticks;
        }
        """#
}
