extension WebStyle {
    /// Colours, type, controls and the frame.
    static let base = #"""
        /* Colours, type and the frame. Light unless the system asks for dark. */
        :root {
          color-scheme: light dark;
          --ground: #f5f6f7;
          --panel: #ffffff;
          --raised: #eef0f2;
          --text: #1c2126;
          --quiet: #59636e;
          --line: #dde1e5;
          --accent: #0b5cad;
          --bad: #b3261e;
          --bad-ground: #fcefee;
          --warn: #8a5a00;
          --ok: #1b7a3d;
          --p0: #2f74c8;
          --p1: #c76a12;
          --p2: #1f8f74;
          --p3: #9d4fc4;
          --p4: #c2456a;
          --p5: #6b8a1f;
          --p6: #5560cf;
          --p7: #a8820c;
          --p8: #1f8fb5;
          --p9: #94603a;
          --p10: #c45f9c;
          --p11: #5f7b88;
          --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #121417;
            --panel: #191c20;
            --raised: #22262b;
            --text: #e2e6ea;
            --quiet: #98a1ab;
            --line: #2c3138;
            --accent: #74b1f5;
            --bad: #f2857c;
            --bad-ground: #2d1b1b;
            --warn: #dba94a;
            --ok: #5cc481;
            --p0: #5c9ae6;
            --p1: #e0924a;
            --p2: #45b899;
            --p3: #bb7ee0;
            --p4: #e0708f;
            --p5: #9bbb4b;
            --p6: #858ff0;
            --p7: #d1ad3e;
            --p8: #4bb5d8;
            --p9: #bf8c66;
            --p10: #e48cc0;
            --p11: #8fabb8;
          }
        }
        .c0 { --c: var(--p0); }
        .c1 { --c: var(--p1); }
        .c2 { --c: var(--p2); }
        .c3 { --c: var(--p3); }
        .c4 { --c: var(--p4); }
        .c5 { --c: var(--p5); }
        .c6 { --c: var(--p6); }
        .c7 { --c: var(--p7); }
        .c8 { --c: var(--p8); }
        .c9 { --c: var(--p9); }
        .c10 { --c: var(--p10); }
        .c11 { --c: var(--p11); }
        *, *::before, *::after { box-sizing: border-box; }
        [hidden] { display: none !important; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0;
          background: var(--ground);
          color: var(--text);
          font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
          font-variant-numeric: tabular-nums;
        }
        h1, h2, h3, p, ol, ul, dl, dd, pre, table { margin: 0; padding: 0; }
        ol, ul { list-style: none; }
        h1 { font-size: 16px; font-weight: 600; overflow-wrap: anywhere; }
        h2 { font-size: 14px; font-weight: 600; margin: 20px 0 6px; }
        h3 { font-size: 12px; font-weight: 600; color: var(--quiet); margin: 0 0 4px; }
        b { font-weight: 600; }
        em { font-style: normal; }
        a { color: var(--accent); text-decoration: none; }
        a:hover { text-decoration: underline; }
        code, pre { font-family: var(--mono); font-size: 12px; }
        .quiet { color: var(--quiet); font-weight: 400; }
        .bad { color: var(--bad); }
        .number { text-align: right; white-space: nowrap; }
        .gap { flex: 1; }
        .dot {
          display: inline-block;
          width: 9px;
          height: 9px;
          border-radius: 2px;
          background: var(--c, var(--quiet));
          flex: none;
        }
        :focus-visible {
          outline: 2px solid var(--accent);
          outline-offset: 1px;
          border-radius: 3px;
        }
        main:focus { outline: none; }
        noscript p { padding: 16px; }

        /* Controls */
        button, input, select {
          font: inherit;
          color: inherit;
          background: var(--panel);
          border: 1px solid var(--line);
          border-radius: 4px;
          min-height: 28px;
          padding: 2px 8px;
          max-width: 100%;
        }
        button { cursor: pointer; }
        button:hover { background: var(--raised); }
        button[aria-pressed="true"].toggle { border-color: var(--warn); color: var(--warn); }
        button.plain { border: 0; background: none; padding: 2px 0; color: var(--accent); }
        button.plain:hover { text-decoration: underline; }
        input::placeholder { color: var(--quiet); opacity: 0.75; }
        input[type="checkbox"] { min-height: 0; margin: 0; accent-color: var(--accent); }
        dialog {
          background: var(--panel);
          color: var(--text);
          border: 1px solid var(--line);
          border-radius: 8px;
          padding: 4px 20px 16px;
          max-width: 420px;
        }
        dialog::backdrop { background: rgb(0 0 0 / 45%); }
        dialog h2 { margin: 12px 0 6px; }
        dialog input { width: 100%; margin: 10px 0; }
        .hidden, .skip:not(:focus) {
          position: absolute;
          width: 1px;
          height: 1px;
          min-height: 0;
          padding: 0;
          border: 0;
          overflow: hidden;
          clip-path: inset(50%);
        }

        /* The bar */
        #bar {
          display: flex;
          flex-wrap: wrap;
          align-items: center;
          gap: 4px 16px;
          padding: 6px 16px;
          background: var(--panel);
          border-bottom: 1px solid var(--line);
        }
        .brand { color: var(--text); font-size: 15px; font-weight: 650; letter-spacing: -0.01em; }
        .brand:hover { text-decoration: none; }
        #bar nav { display: flex; gap: 2px; }
        #bar nav a { color: var(--quiet); padding: 5px 10px; border-radius: 4px; }
        #bar nav a:hover { background: var(--raised); text-decoration: none; }
        #bar nav a[aria-current] {
          color: var(--text);
          font-weight: 600;
          background: var(--raised);
        }
        .space { display: flex; align-items: center; gap: 6px; }
        .space select { max-width: 170px; }
        .health { position: relative; }
        .health summary { list-style: none; cursor: pointer; user-select: none; }
        .health summary::-webkit-details-marker { display: none; }
        .pill {
          display: inline-flex;
          align-items: center;
          gap: 6px;
          min-height: 28px;
          padding: 2px 10px;
          border: 1px solid var(--line);
          border-radius: 14px;
        }
        .pill::before {
          content: "";
          width: 8px;
          height: 8px;
          border-radius: 50%;
          background: var(--quiet);
        }
        .pill.ok::before { background: var(--ok); }
        .pill.bad::before { background: var(--bad); }
        .drop {
          position: absolute;
          right: 0;
          top: calc(100% + 6px);
          z-index: 5;
          width: min(380px, calc(100vw - 24px));
          padding: 8px 12px;
          background: var(--panel);
          border: 1px solid var(--line);
          border-radius: 6px;
          box-shadow: 0 6px 20px rgb(0 0 0 / 16%);
        }
        .drop .check { display: flex; gap: 8px; padding: 3px 0; overflow-wrap: anywhere; }
        .mark.ok { color: var(--ok); }
        .mark.bad { color: var(--bad); }

        /* Figures of the node */
        .figures {
          display: grid;
          grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
          background: var(--panel);
          border-bottom: 1px solid var(--line);
          padding: 0 8px;
        }
        .figures > div { padding: 5px 8px 6px; min-width: 0; }
        .figures dt { color: var(--quiet); font-size: 11px; }
        .figures dd { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
        .figures dd b { font-size: 14px; }
        @media (max-width: 760px) {
          .figures { grid-template-columns: repeat(auto-fit, minmax(82px, 1fr)); padding: 0 4px; }
          .figures > div { padding: 4px 6px; }
          .figures dd b { font-size: 13px; }
          .figures dd .quiet { display: block; min-height: 16px; font-size: 11px; }
          #bar { position: relative; }
          #bar .gap { display: none; }
          .health { position: static; }
          .drop { left: 10px; right: 10px; width: auto; }
          #bar, .columns, .single { padding-left: 10px; padding-right: 10px; }
        }
        .figures.stale { opacity: 0.5; }
        .quarantine p { padding: 6px 16px; background: var(--bad-ground); }

        /* Columns */
        .columns {
          display: grid;
          grid-template-columns: minmax(0, 1fr);
          gap: 12px;
          padding: 12px 16px;
        }
        .body { min-width: 0; }
        .single { padding: 10px 16px 32px; }
        .line {
          display: flex;
          flex-wrap: wrap;
          align-items: center;
          gap: 6px 10px;
          margin: 2px 0 8px;
        }
        .side > summary { cursor: pointer; font-weight: 600; padding: 2px 0 6px; }
        .side input { width: 100%; margin-bottom: 6px; }
        @media (min-width: 900px) {
          .columns { grid-template-columns: 232px minmax(0, 1fr); gap: 20px; }
          .side > summary { list-style: none; cursor: default; pointer-events: none; }
          .side > summary::-webkit-details-marker { display: none; }
        }
        .services a, .names a {
          display: flex;
          align-items: center;
          gap: 8px;
          padding: 3px 8px;
          border-radius: 4px;
          color: var(--text);
        }
        .services a:hover, .names a:hover { background: var(--raised); text-decoration: none; }
        .services a[aria-current], .names a[aria-current] {
          background: var(--raised);
          font-weight: 600;
        }
        .services .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
        .names { max-height: 76vh; overflow-y: auto; }
        .names a { display: block; padding: 4px 8px; }
        .names .name { display: block; overflow-wrap: anywhere; }
        .names .quiet { font-size: 11px; }
        .none { padding: 3px 8px; }
        """#
}
