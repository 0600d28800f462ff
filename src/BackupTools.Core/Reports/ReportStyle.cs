namespace BackupTools.Reports;

/// <summary>How a report's page looks: on a screen in light and dark mode, on a phone, and on paper.</summary>
internal static class ReportStyle
{
    public const string Sheet = """
        :root {
          --ground: #f4f5f7; --card: #fff; --line: #dfe3e8; --text: #1c2530; --quiet: #5b6775;
          --full: #1f5fbf; --incr: #5b8fd9; --ok: #11703a; --ok-ground: #e3f4e9; --late: #8a4b00;
          --late-ground: #fdeecf; --bad: #b3261e; --bad-ground: #fbe4e2; --allowed: #dff1e5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #12161b; --card: #1b2128; --line: #323b46; --text: #e4e9ef; --quiet: #9aa7b5;
            --full: #7fb2ff; --incr: #4f82cc; --ok: #7ad69b; --ok-ground: #173723; --late: #f3bd66;
            --late-ground: #46310f; --bad: #ff9089; --bad-ground: #4a1d1a; --allowed: #1a3325;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 3rem; background: var(--ground); color: var(--text);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
        }
        h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
        h2 { margin: 0; font-size: 1.15rem; }
        header { margin-bottom: 1.5rem; }
        .verdict { margin: .6rem 0; padding: .55rem .9rem; border-radius: .5rem; border-left: .35rem solid; font-weight: 600; }
        .verdict.ok { background: var(--ok-ground); color: var(--ok); }
        .verdict.bad { background: var(--bad-ground); color: var(--bad); }
        .quiet { color: var(--quiet); fill: var(--quiet); }
        header .quiet { margin: 0; }
        .card {
          margin-bottom: 1.25rem; padding: 1.1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
          border-radius: .75rem;
        }
        .filter { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 1.25rem; padding: 0; border: 0; }
        .filter legend { float: left; padding: 0; color: var(--quiet); }
        .filter label { cursor: pointer; }
        main:has(input[value="bad"]:checked) [data-state]:not([data-state~="bad"]),
        main:has(input[value="late"]:checked) [data-state]:not([data-state~="late"]),
        main:has(input[value="ok"]:checked) [data-state]:not([data-state~="ok"]) { display: none; }
        .path { color: var(--quiet); font-size: .87em; overflow-wrap: anywhere; }
        .card > .path { margin: .1rem 0 0; }
        code { font: .92em ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; }
        a { color: inherit; text-underline-offset: .2em; }
        .badge {
          display: inline-block; padding: .05em .6em; border-radius: 1em; font-size: .72rem; font-weight: 700;
          letter-spacing: .04em; vertical-align: .12em; white-space: nowrap;
        }
        .badge.ok { background: var(--ok-ground); color: var(--ok); }
        .badge.late { background: var(--late-ground); color: var(--late); }
        .badge.bad { background: var(--bad-ground); color: var(--bad); }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .7rem 1.5rem; margin: 1rem 0; }
        dt { color: var(--quiet); font-size: .8rem; }
        dd { margin: 0; font-variant-numeric: tabular-nums; }
        dd.ok { color: var(--ok); }
        dd.late { color: var(--late); font-weight: 600; }
        dd.bad, td.bad { color: var(--bad); font-weight: 600; }
        .findings { margin: .8rem 0; padding: 0; list-style: none; }
        .findings:empty { display: none; }
        .findings li { margin: .4rem 0; padding: .45rem .8rem; border-left: .25rem solid var(--line); overflow-wrap: anywhere; }
        .findings li.error { border-color: var(--bad); background: var(--bad-ground); }
        .findings li.warning { border-color: var(--late); background: var(--late-ground); }
        .findings code { font-weight: 700; }
        .wide { overflow-x: auto; }
        table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        td { white-space: nowrap; }
        td.path { min-width: 14rem; white-space: normal; }
        thead th { color: var(--quiet); font-size: .8rem; font-weight: 500; }
        tbody tr:last-child > * { border-bottom: 0; }
        .number { text-align: right; }
        summary { color: var(--quiet); cursor: pointer; }
        details[open] summary { margin-bottom: .4rem; }
        svg.timeline { display: block; width: 100%; min-width: 40rem; margin: .5rem 0; }
        .full { fill: var(--full); }
        .incr { fill: var(--incr); }
        .bad { fill: var(--bad); }
        .lost { fill: var(--card); stroke: var(--quiet); stroke-width: 1; }
        .rpo { fill: var(--allowed); }
        .cross { fill: none; stroke: var(--bad); stroke-width: 2.2; stroke-linecap: round; }
        .grid { stroke: var(--line); stroke-width: 1; }
        .now { stroke: var(--quiet); stroke-width: 1; }
        .base { stroke: var(--incr); stroke-width: 1.5; }
        .gap { fill: none; stroke: var(--bad); stroke-width: 2.5; stroke-dasharray: 2 5; }
        .tick { fill: var(--quiet); font-size: 12px; }
        .lane { fill: var(--text); font: 12.5px ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; }
        .mark { fill: var(--bad); font-size: 12px; font-weight: 700; }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 .4rem; padding: 0; list-style: none; font-size: .87rem; }
        .legend svg { width: auto; height: 1.15em; vertical-align: -.2em; }
        footer .quiet { margin: 0; font-size: .87rem; }
        @media print {
          :root {
            --ground: #fff; --card: #fff; --line: #bbb; --text: #000; --quiet: #444; --full: #1f5fbf; --incr: #5b8fd9;
            --ok: #11703a; --ok-ground: #fff; --late: #8a4b00; --late-ground: #fff; --bad: #b3261e; --bad-ground: #fff;
            --allowed: #e6f2ea;
          }
          body { max-width: none; padding: 0; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          .card { break-inside: avoid; padding: .7rem 0; border-width: 1px 0 0; border-radius: 0; }
          .filter { display: none; }
          .badge { border: 1px solid; }
          .verdict { border: 1px solid; border-left-width: .35rem; }
          .wide { overflow: visible; }
          td:not(.number) { white-space: normal; }
          td.path { min-width: 10rem; }
          footer { break-inside: avoid; }
          svg.timeline { min-width: 0; }
          details:not([open]) { display: none; }
        }

        """;
}
