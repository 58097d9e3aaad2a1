extension WebStyle {
    /// What the views are made of.
    static let views = #"""
        /* Filters */
        .filters {
          display: flex;
          flex-wrap: wrap;
          gap: 8px;
          align-items: end;
          margin-bottom: 12px;
        }
        .field { display: flex; flex-direction: column; gap: 2px; flex: 1 1 130px; min-width: 0; }
        .field > span { font-size: 11px; color: var(--quiet); }
        .field.wide { flex-grow: 2; flex-basis: 190px; }
        @media (min-width: 760px) { .field { max-width: 300px; } }
        .field.small { flex: 0 1 84px; }
        .field input, .field select { width: 100%; }
        label.check {
          display: flex;
          align-items: center;
          gap: 6px;
          min-height: 28px;
          cursor: pointer;
        }

        /* Rows */
        .rows { border: 1px solid var(--line); border-radius: 6px; background: var(--panel); }
        .rows:empty { display: none; }
        .rows > li + li { border-top: 1px solid var(--line); }
        .head { color: var(--quiet); font-size: 11px; }
        .trace {
          display: grid;
          grid-template-columns: 102px minmax(0, 1fr) minmax(120px, 22%) 52px 52px 108px;
          gap: 0 12px;
          align-items: center;
          padding: 4px 12px;
        }
        .rows > .trace {
          position: relative;
          content-visibility: auto;
          contain-intrinsic-size: auto 28px;
        }
        .rows > .trace:hover { background: var(--raised); }
        .trace .main { display: flex; gap: 8px; color: var(--text); min-width: 0; }
        .trace .main:hover { text-decoration: none; }
        .trace .main::after { content: ""; position: absolute; inset: 0; }
        .trace .main b, .trace .main span {
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        .trace .main b { flex: 0 1 auto; max-width: 50%; }
        .trace .main b::before {
          content: "";
          display: inline-block;
          width: 9px;
          height: 9px;
          border-radius: 2px;
          margin-right: 7px;
          background: var(--c);
        }
        .trace time { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
        .trace .errors { color: var(--bad); }
        .trace .unit { display: none; }
        .length { display: grid; grid-template-columns: 66px 1fr; gap: 8px; align-items: center; }
        .length .track { height: 8px; }
        .length .bar { display: block; height: 8px; border-radius: 2px; background: var(--c); }
        .dots { display: flex; gap: 3px; align-items: center; }
        .dots .quiet { margin-left: 4px; }
        .new { animation: arrive 1.6s ease-out; }
        @keyframes arrive {
          from { background: color-mix(in srgb, var(--accent) 16%, var(--panel)); }
        }
        @media (prefers-reduced-motion: reduce) { .new { animation: none; } }
        @media (max-width: 760px) {
          .head.trace { display: none; }
          .trace {
            grid-template-columns: minmax(0, 1fr) auto auto;
            gap: 2px 12px;
            padding: 7px 10px;
          }
          .trace .main { grid-column: 1 / -1; grid-row: 1; }
          .trace time { grid-row: 2; grid-column: 1; }
          .trace .spans { grid-row: 2; grid-column: 2; }
          .trace .errors { grid-row: 2; grid-column: 3; }
          .trace .errors:empty { display: none; }
          .trace .unit { display: inline; }
          .trace .length { grid-row: 3; grid-column: 1 / -1; }
          .trace .dots { display: none; }
        }

        /* Notices */
        .state > * { margin-bottom: 10px; }
        .notice {
          border: 1px solid var(--line);
          border-radius: 6px;
          background: var(--panel);
          padding: 14px 16px;
        }
        .notice.bad { border-color: var(--bad); background: var(--bad-ground); color: var(--text); }
        .notice .what { font-weight: 600; }
        .notice p + p, .notice .copyable { margin-top: 6px; }
        .notice .copyable + p { margin-top: 14px; }
        .wait { padding: 8px 2px; }
        .more { margin: 10px 0; }
        .copyable { position: relative; }
        .copyable pre {
          padding: 8px 76px 8px 10px;
          background: var(--ground);
          border: 1px solid var(--line);
          border-radius: 4px;
          white-space: pre-wrap;
          overflow-wrap: anywhere;
          max-height: 160px;
          overflow-y: auto;
        }
        .copy { position: absolute; right: 5px; top: 4px; min-height: 24px; padding: 0 8px; }

        /* One trace */
        .summary { margin-top: 4px; }
        .summary h1 .name { color: var(--c); }
        .facts { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; }
        .facts code { overflow-wrap: anywhere; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 8px 0 10px; }
        .legend .dot { margin-right: 5px; }
        .waterline { display: grid; grid-template-columns: minmax(0, 38%) minmax(0, 1fr); }
        .head.waterline { padding: 0 1px; }
        .head .label { padding-left: 12px; }
        .waterline .label { display: flex; align-items: stretch; min-width: 0; }
        .spans > li { content-visibility: auto; contain-intrinsic-size: auto 25px; }
        .spans > li > .waterline { cursor: pointer; }
        .spans > li > .waterline:hover, .spans > li.open > .waterline { background: var(--raised); }
        .spans .label { padding-left: calc(4px + var(--depth) * 13px); height: 24px; }
        .caret {
          width: 18px;
          min-height: 0;
          padding: 0;
          border: 0;
          background: none;
          color: var(--quiet);
          flex: none;
        }
        .spans .title, .logs .title {
          display: flex;
          align-items: center;
          gap: 7px;
          min-width: 0;
          min-height: 0;
          padding: 0;
          border: 0;
          background: none;
          text-align: left;
          white-space: nowrap;
        }
        .spans .title { flex: 1; border-left: 3px solid var(--c); padding-left: 7px; }
        .spans .title b { flex: 0 1 auto; max-width: 45%; }
        .spans .title b, .spans .title span { overflow: hidden; text-overflow: ellipsis; }
        .spans .title span { flex: 1 1 0; }
        .flag { color: var(--bad); font-size: 11px; font-weight: 600; padding-right: 6px; }
        .flag.quiet { color: var(--quiet); font-weight: 400; }
        .waterline .track {
          position: relative;
          overflow: hidden;
          border-left: 1px solid var(--line);
        }
        .spans .bar {
          position: absolute;
          top: 7px;
          height: 10px;
          min-width: 2px;
          border-radius: 2px;
          background: var(--c);
        }
        .spans .failed > .waterline .bar {
          box-shadow: 0 0 0 1.5px var(--panel), 0 0 0 3px var(--bad);
        }
        .spans .track .mark {
          position: absolute;
          top: 3px;
          width: 3px;
          height: 18px;
          margin-left: -1px;
          background: var(--bad);
        }
        .after {
          position: absolute;
          top: 3px;
          padding: 0 7px;
          font-size: 11px;
          color: var(--quiet);
        }
        .after.inside {
          color: var(--text);
          background: var(--panel);
          border-radius: 2px;
          padding: 0 4px;
        }
        .ticks { height: 18px; }
        .ticks span { position: absolute; padding: 0 4px; white-space: nowrap; }
        .ticks span.last { transform: translateX(-100%); }
        .detail:empty { display: none; }
        .detail {
          border-top: 1px solid var(--line);
          background: var(--ground);
          padding: 10px 14px 12px;
        }
        .spans .detail { border-left: 3px solid var(--c); }
        .span > * + * { margin-top: 8px; }
        .message { overflow-wrap: anywhere; }
        .tables {
          display: grid;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
          gap: 10px 24px;
          align-items: start;
        }
        .pairs table { width: 100%; border-collapse: collapse; table-layout: fixed; }
        .pairs th {
          width: 42%;
          text-align: left;
          font-weight: 400;
          color: var(--quiet);
          vertical-align: top;
          padding: 1px 10px 1px 0;
          overflow-wrap: anywhere;
        }
        .pairs td { vertical-align: top; padding: 1px 0; overflow-wrap: anywhere; }
        .pairs tr + tr > * { border-top: 1px solid var(--line); }
        .pairs .other { color: var(--accent); }
        .event + .event { margin-top: 6px; }
        .detail pre {
          white-space: pre-wrap;
          overflow-wrap: anywhere;
          max-height: 320px;
          overflow: auto;
        }
        .detail pre.stack, .detail pre.message {
          margin: 4px 0;
          padding: 8px 10px;
          background: var(--panel);
          border: 1px solid var(--line);
          border-radius: 4px;
        }
        .detail pre.stack { border-left: 3px solid var(--bad); }

        /* Logs */
        .log {
          display: grid;
          grid-template-columns: 102px 52px minmax(0, 150px) minmax(0, 1fr) 66px;
          gap: 0 12px;
          padding: 3px 12px;
          cursor: pointer;
        }
        .logs > li { content-visibility: auto; contain-intrinsic-size: auto 26px; }
        .logs > li:hover > .log, .logs > li.open > .log { background: var(--raised); }
        .log time { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
        .log .service {
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
          font-weight: 400;
        }
        .log .service::before {
          content: "";
          display: inline-block;
          width: 8px;
          height: 8px;
          border-radius: 2px;
          margin-right: 6px;
          background: var(--c);
        }
        .log .title span { overflow: hidden; text-overflow: ellipsis; font-family: var(--mono); }
        .log .title span { font-size: 12px; }
        .ref { font-family: var(--mono); font-size: 12px; }
        .severity { font-size: 11px; font-weight: 600; color: var(--quiet); line-height: 1.7; }
        .severity { overflow: hidden; text-overflow: ellipsis; }
        .severity.info { color: var(--accent); }
        .severity.warn { color: var(--warn); }
        .severity.error, .severity.fatal { color: var(--bad); }
        @media (max-width: 760px) {
          .waterline { grid-template-columns: minmax(0, 62%) minmax(0, 1fr); }
          .spans .label { padding-left: calc(2px + var(--depth) * 7px); }
          .ticks span:not(:first-child):not(.last) { display: none; }
          .log {
            grid-template-columns: auto auto minmax(0, 1fr) auto;
            padding: 5px 10px;
            gap: 0 10px;
          }
          .log .title { grid-row: 2; grid-column: 1 / -1; }
          .log .service { font-size: 12px; }
        }

        /* Metrics */
        .chartplace { margin: 6px 0 10px; min-width: 0; }
        .chartbox {
          position: relative;
          background: var(--panel);
          border: 1px solid var(--line);
          border-radius: 6px;
        }
        .chart { display: block; width: 100%; height: auto; touch-action: pan-y; }
        .chart text { fill: var(--quiet); font-size: 11px; }
        .chart .grid { stroke: var(--line); }
        .chart .cross { stroke: var(--quiet); }
        .chart .line { fill: none; stroke: var(--c); stroke-width: 1.5; stroke-linejoin: round; }
        .chart .point { fill: var(--c); }
        .tip {
          position: absolute;
          top: 8px;
          margin: 0 12px;
          max-width: 60%;
          padding: 6px 10px;
          background: var(--panel);
          border: 1px solid var(--line);
          border-radius: 4px;
          pointer-events: none;
        }
        .tip p { display: flex; align-items: center; gap: 6px; }
        .tip .name { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .series table { width: 100%; border-collapse: collapse; margin: 6px 0; }
        .series th { color: var(--quiet); font-size: 11px; font-weight: 400; text-align: left; }
        .series th.number { text-align: right; }
        .series th, .series td { padding: 1px 8px; border-bottom: 1px solid var(--line); }
        .series .plain { color: var(--text); text-align: left; overflow-wrap: anywhere; }
        .series .dot { margin-right: 8px; }
        .series [aria-pressed="false"] { color: var(--quiet); text-decoration: line-through; }
        .series [aria-pressed="false"] .dot { background: var(--line); }
        """#
}
