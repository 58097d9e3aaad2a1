extension WebScript {
    /// Numbers and times as text.
    static let format = #"""
        // Turns numbers and times into text for people. Times are nanoseconds as BigInt.

        const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

        /// Three significant digits.
        function three(value) {
          const size = Math.abs(value);
          return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
        }

        export function count(value) {
          return whole.format(value ?? 0);
        }

        /// 12,345 or 1.23 M.
        export function short(value) {
          if (!Number.isFinite(value)) return '–';
          const size = Math.abs(value);
          if (size > 0 && size < 0.001) return value.toExponential(1);
          if (size < 1000) return Number.isInteger(value) ? String(value)
            : String(Number(value.toPrecision(3)));
          if (size < 1e5 && Number.isInteger(value)) return whole.format(value);
          const units = ['', ' k', ' M', ' G', ' T', ' P'];
          const step = Math.min(5, Math.floor(Math.log10(size) / 3));
          return three(value / 1000 ** step) + units[step];
        }

        export function bytes(value) {
          const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
          let step = 0;
          let left = value ?? 0;
          while (Math.abs(left) >= 1024 && step < 4) {
            left /= 1024;
            step += 1;
          }
          return `${step === 0 ? Math.round(left) : three(left)} ${units[step]}`;
        }

        /// A length of time, given as a number of nanoseconds.
        export function duration(nanoseconds) {
          const size = Math.abs(nanoseconds);
          if (size < 1e3) return `${Math.round(nanoseconds)} ns`;
          if (size < 999.5e3) return `${three(nanoseconds / 1e3)} µs`;
          if (size < 999.5e6) return `${three(nanoseconds / 1e6)} ms`;
          if (size < 60e9) return `${three(nanoseconds / 1e9)} s`;
          const minutes = Math.floor(size / 60e9);
          const seconds = Math.floor((size - minutes * 60e9) / 1e9);
          if (minutes < 60) return `${minutes} min ${seconds} s`;
          return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
        }

        /// A rate per second.
        export function rate(value) {
          if (!Number.isFinite(value)) return '';
          return `${short(value < 10 ? Number(value.toFixed(1)) : Math.round(value))}/s`;
        }

        export function nanoseconds(text) {
          try {
            return BigInt(text);
          } catch {
            return 0n;
          }
        }

        const two = (value) => String(value).padStart(2, '0');
        const hours =
          (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
        const dateOf = (time) => new Date(Number(time / 1000000n));

        /// 14:03:07.123 of today, with the date before it on other days.
        export function clock(time) {
          const date = dateOf(time);
          const now = new Date();
          const text = `${hours(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
          return date.toDateString() === now.toDateString() ? text : `${day(date)} ${text}`;
        }

        function day(date) {
          const year = date.getFullYear() === new Date().getFullYear() ? ''
            : `${date.getFullYear()}-`;
          return `${year}${two(date.getMonth() + 1)}-${two(date.getDate())}`;
        }

        /// The whole moment, to the nanosecond, in the time zone of the browser.
        export function moment(time) {
          const date = dateOf(time);
          const offset = -date.getTimezoneOffset();
          const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:`
            + two(Math.abs(offset) % 60);
          return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} `
            + `${hours(date)}.${String(time % 1000000000n).padStart(9, '0')} ${zone}`;
        }

        /// The time on an axis that is `span` milliseconds long.
        export function tick(milliseconds, span) {
          const date = new Date(milliseconds);
          const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
          if (span > 2 * 86400e3) return `${day(date)} ${minutes}`;
          return span < 10 * 60e3 ? `${minutes}:${two(date.getSeconds())}` : minutes;
        }

        /// A number in the unit of a metric (UCUM), as far as it is known.
        export function measured(value, unit) {
          if (!Number.isFinite(value)) return '–';
          const seconds = { s: 1e9, ms: 1e6, us: 1e3, 'µs': 1e3, ns: 1 }[unit];
          if (seconds && value !== 0) return duration(value * seconds);
          if (unit === 'By') return bytes(value);
          if (unit === '%') return `${short(value)} %`;
          return short(value);
        }

        /// How an axis up to `most` is scaled, so that its ticks are round in the unit they have.
        export function axis(most, unit) {
          const seconds = { s: 1e9, ms: 1e6, us: 1e3, 'µs': 1e3, ns: 1 }[unit];
          const steps = seconds ? [[1, 'ns'], [1e3, 'µs'], [1e6, 'ms'], [1e9, 's'], [60e9, 'min'],
            [3600e9, 'h']] : unit === 'By' ? [[1, 'B'], [1024, 'KiB'], [1024 ** 2, 'MiB'],
            [1024 ** 3, 'GiB'], [1024 ** 4, 'TiB']] : [];
          const size = most * (seconds ?? 1);
          const [step, name] = steps.findLast(([length]) => size >= length * 2) ?? steps[0]
            ?? [1, ''];
          const suffix = name || (unit === '%' ? '%' : '');
          return { factor: (seconds ?? 1) / step, suffix: suffix && ` ${suffix}` };
        }

        /// A JSON value as text: strings as they are.
        export function text(value) {
          return typeof value === 'string' ? value : JSON.stringify(value);
        }

        const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

        /// The severity of a log record: its text, or the name of its number's range.
        export function severity(log) {
          const number = log.severityNumber;
          const name = number >= 1 && number <= 24 ? severities[Math.floor((number - 1) / 4)] : '';
          const label = log.severityText || name;
          const upper = label.toUpperCase();
          const kind = name || severities.find((known) => upper.startsWith(known)) || '';
          return { label, kind: kind.toLowerCase() };
        }

        /// The class of the colour at a place of the palette.
        export function colourOf(index) {
          return `c${index % 12}`;
        }

        const colours = new Map();

        /// The class that sets the colour of a service: told by its name, so that it is the same on
        /// every visit, unless another service of this visit has that colour already.
        export function colour(service) {
          if (!colours.has(service)) {
            let place = 0;
            for (const unit of String(service)) place = (place * 31 + unit.codePointAt(0)) % 9973;
            const taken = new Set(colours.values());
            if (taken.size < 12) while (taken.has(colourOf(place))) place += 1;
            colours.set(service, colourOf(place));
          }
          return colours.get(service);
        }
        """#
}
