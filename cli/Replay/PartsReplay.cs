using System.Collections.Immutable;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>
/// Replay of a run whose rows nobody has together: the parameters from the kept sums, and each site's releases by the statement of its own worker. What lies between the two, that a sum is the sum of those
/// releases, nobody can check any more where they were masked or are gone (decision 28).
/// </summary>
/// <param name="record">The run.</param>
/// <param name="model">Its model.</param>
/// <param name="statements">What the sites' workers state; null where that was not asked about.</param>
/// <param name="terminal">Where to print.</param>
internal sealed class PartsReplay(RecordedRun record, Sha256Digest model, SiteStatements? statements, Terminal terminal)
{
    /// <summary>Replays, prints, and ends with the first difference, if there is one.</summary>
    /// <exception cref="CliException">Something differs.</exception>
    public async Task<ExitCode> RunAsync(Func<Sha256Digest, CancellationToken, Task<byte[]>> resultOf, CancellationToken cancel)
    {
        var steps = await new SumReplayer(record, resultOf).RunAsync(step => ReplayOutput.Step(step, terminal), cancel);
        var first = steps.FirstOrDefault(step => !step.Equal);
        var sites = statements?.Compare() ?? [];
        if (statements is not null)
            Show(sites);
        var (recorded, equal, uncheckedOnes, missing) = (sites.Sum(site => site.Releases), sites.Sum(site => site.Equal), sites.Sum(site => site.Unchecked), sites.Sum(site => site.Missing));
        var difference = first is null ? sites.Select(site => site.Difference).FirstOrDefault(sentence => sentence is not null) : ReplayOutput.Sentence(record, first, "The sum, the weights or the parameters that it was added to are not those that the record's parameters were made of.");
        terminal.Emit("replay", new
        {
            run = record.Entry.Run.Value, model = model.ToString(), inParts = true, equal = difference is null, steps = steps.Count, firstDifference = ReplayOutput.First(first), difference,
            releases = statements is null ? null : new { recorded, equal, unequal = sites.Sum(site => site.Unequal), @unchecked = uncheckedOnes, withoutStatement = missing },
        });
        if (difference is not null)
            throw new CliException(ExitCode.NotVerified, difference);
        terminal.Say("Evaluations and constants were not made again, and it is not shown that each sum is that of the sites' releases: what was merged and added is gone.");
        var parameters = record.Entry.Files.Single(file => file.Name == ModelFileNames.Parameters).Digest;
        terminal.Say($"[green]sums-equal[/]: run {record.Entry.Run}, the parameters of {steps.Count} rounds follow from their sums; those of the model are {parameters}");
        if (statements is not null)
        {
            terminal.Say(equal == recorded
                ? $"[green]replayed[/]: sums equal and every release equal at {sites.Count(site => site.Releases > 0)} sites{(sites.Any(site => !site.Named) ? ", by keys that are to be compared by hand" : "")}"
                : $"[yellow]sums equal; {uncheckedOnes} releases unchecked, {missing} without a statement[/], {equal} of {recorded} equal");
        }

        return ExitCode.Success;
    }

    private void Show(ImmutableArray<SiteComparison> sites)
    {
        var table = new Table().AddColumns("site", "releases", "equal", "unequal", "unchecked", "without statement");
        foreach (var site in sites)
        {
            table.AddRow(site.Site.Value.EscapeMarkup(), $"{site.Releases}", $"{site.Equal}", $"{site.Unequal}", $"{site.Unchecked}", $"{site.Missing}");
            terminal.Emit("site", new
            {
                site = site.Site.Value, site.Releases, site.Equal, site.Unequal, @unchecked = site.Unchecked, withoutStatement = site.Missing,
                workerFingerprint = site.Key?.Fingerprint.ToString(), keyNamed = site.Key is null ? (bool?)null : site.Named, site.Difference,
            });
        }

        terminal.Show(table);
        if (sites.Where(site => site is { Key: not null, Named: false }).ToList() is not { Count: > 0 } unnamed)
            return;
        terminal.Say("[yellow]The study names no worker key of these sites: compare each with what its steward reads out ('site-worker members show').[/]");
        foreach (var site in unnamed)
            terminal.Say($"  {site.Site.Value.EscapeMarkup(),-20} {FingerprintText.Write(site.Key!.Fingerprint)}");
    }
}
