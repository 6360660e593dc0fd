using System.Globalization;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>
/// What a hospital's steward does whose data did not pass the quality gate: looks at the report, decides about the flagged values, and joins. Only over made
/// hospitals, whose faults are known to be planted: about real data a person decides.
/// </summary>
/// <param name="federation">The federation.</param>
/// <param name="study">The study.</param>
/// <param name="say">Says a step.</param>
internal sealed class DemoReview(LocalFederation federation, Study study, Action<string> say)
{
    private const string Duplicates = "duplicate-patients";
    private const string Ages = "age-range";
    private const string Outliers = "outliers-";

    private readonly HashSet<string> _reviewed = new(StringComparer.Ordinal);

    /// <summary>Where the reports are.</summary>
    private string Reports => Path.Combine(federation.Folder, "reports");

    /// <summary>Before a run that none may be missing from: whoever would be held out is reviewed.</summary>
    public async Task BeforeAsync(CancellationToken cancel)
    {
        foreach (var site in federation.Sites)
            await ReviewAsync(site, cancel);
    }

    /// <summary>Hears of a run's events; the run waits while a hospital's steward reviews.</summary>
    public async Task HappenedAsync(string run, RunEvent happened, CancellationToken cancel)
    {
        if (happened is not SiteDeclined { Reason: SiteReason.DataQuality } declined || !_reviewed.Add(declined.Site.Value))
            return;
        await ControlAsync(run, ControlRunRequest.Types.Action.Pause, cancel);
        await ReviewAsync(federation.Sites.Single(site => site.Name == declined.Site.Value), cancel);
        await ControlAsync(run, ControlRunRequest.Types.Action.Resume, cancel);
    }

    private async Task ReviewAsync(LocalSite site, CancellationToken cancel)
    {
        Directory.CreateDirectory(Reports);
        var before = Path.Combine(Reports, $"{site.Name}-quality.html");
        if (await site.CheckQualityAsync(study.Data.Dataset, before, cancel))
            return;
        say($"[yellow]{site.Name} is held out by its quality gate[/]; its report: {before}");

        // Events in the future make patients look too old: ages are judged once those are decided about.
        // What is merely far from the rest may be right.
        var decided = await DecideAsync(site, "1", row => row.Rule is not (Duplicates or Ages) && !row.Rule.StartsWith(Outliers, StringComparison.Ordinal), cancel);
        decided += await DecideAsync(site, "2", row => row.Rule is not Duplicates && !row.Rule.StartsWith(Outliers, StringComparison.Ordinal), cancel);
        var passed = await site.CheckQualityAsync(study.Data.Dataset, Path.Combine(Reports, $"{site.Name}-quality-reviewed.html"), cancel);
        say($"its steward reviewed {decided} flagged values (planted by fcml synth): {(passed ? "it joins" : "it is still held out")}");
    }

    // Excludes the flagged values that are chosen; whole copies of patients are left out as those are who opted out.
    private async Task<int> DecideAsync(LocalSite site, string pass, Func<(string Rule, string Pseudonym), bool> exclude, CancellationToken cancel)
    {
        var (queue, decisions) = (Path.Combine(Reports, $"{site.Name}-queue-{pass}.csv"), Path.Combine(Reports, $"{site.Name}-decisions-{pass}.csv"));
        await site.WorkerVerbAsync(["quality", "review", study.Data.Dataset, "--out", queue], cancel);
        var lines = await File.ReadAllLinesAsync(queue, cancel);
        var rows = lines.Skip(1).Select(line => (Line: line, Row: (Rule: line.Split(',')[0], Pseudonym: line.Split(',')[1]))).ToList();
        var chosen = rows.Where(row => exclude(row.Row)).ToList();
        await File.WriteAllLinesAsync(decisions, [lines[0], .. chosen.Select(row => row.Line + "exclude")], cancel);
        if (chosen.Count > 0)
            await site.WorkerVerbAsync(["quality", "review", study.Data.Dataset, "--in", decisions, "--steward", "demo"], cancel);
        var copies = rows.Where(row => row.Row.Rule == Duplicates).Select(row => row.Row.Pseudonym).Distinct(StringComparer.Ordinal).ToList();
        if (copies.Count > 0)
        {
            var file = Path.Combine(Reports, string.Create(CultureInfo.InvariantCulture, $"{site.Name}-copies-{pass}.txt"));
            await File.WriteAllLinesAsync(file, copies, cancel);
            await site.WorkerVerbAsync(["exclusions", "set", file, "--steward", "demo"], cancel);
        }

        return chosen.Count + copies.Count;
    }

    private Task<ControlRunReply> ControlAsync(string run, ControlRunRequest.Types.Action action, CancellationToken cancel) =>
        federation.Admin.AskAsync(admin => admin.ControlRunAsync(new ControlRunRequest { Run = run, Action = action }, cancellationToken: cancel), cancel);
}
