using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models compare-at-sites</c>: a version against the one in production, on the sites' own test rows.</summary>
internal static class CompareAtSitesVerb
{
    public static Verb Create(TimeProvider time)
    {
        var name = new Argument<string>("name") { Description = "The model's name, as its study has it." };
        var version = new Argument<string>("version") { Description = "The version." };
        return new Verb("compare-at-sites", "Have each site compare a version with the one in production on its own test rows, and show the differences by site and together; the gate 'production' decides by them. Trains nothing.",
            "fcml models compare-at-sites heart-disease 1.1.0")
        {
            name, version,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var request = new CompareAtSitesRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version) };
            var reply = await connection.AskAsync(connection.Stages.CompareAtSitesAsync(request, cancellationToken: cancel), cancel);
            var view = await WatchVerb.FollowAsync(connection, reply.Run, terminal, cancel);
            if (view.State.Status != RunStatus.Compared || view.Comparison is not { } comparison)
                throw new CliException(ExitCode.RunWithoutModel, $"No comparison came: {view.State.Failure?.TrimEnd('.') ?? "the run was cancelled"}. 'fcml study list' shows which sites have approved the studies of both versions.");
            var effects = comparison.Differences.Count == 0 ? null : RandomEffects.Of([.. comparison.Differences.Select(item => item.Difference)]);
            terminal.Show(TableOf(comparison, effects, $"{request.Line} {request.Version} less {reply.Production} in production"));
            var ended = view.State.History[^1];
            foreach (var absent in ended.Sites.Keys.Except(ended.Participants))
                terminal.Say($"[yellow]{absent} is not in it: {(ended.Sites[absent] is DeclinedAnswer declined ? $"it declined, {declined.Reason}" : "it did not answer")}[/]");
            if (effects?.Prediction is { } next)
                terminal.Say($"One more site would be found from {Signed(next.Low)} to {Signed(next.High)}, 95 times of 100.");
            // The coordinator's own word, who may have had to go by something else: too few sites told theirs.
            var gates = await connection.AskAsync(connection.Stages.CheckGatesAsync(new CheckGatesRequest { Line = request.Line, Version = request.Version }, cancellationToken: cancel), cancel);
            var gate = gates.Gates.FirstOrDefault(gate => gate.Gate == "production") ?? throw new CliException(ExitCode.Refused, $"Version {reply.Production} is not in production any more; compare again.");
            terminal.Say($"The gate '{gate.Gate}' {(gate.Passed ? "[green]passes[/]" : "[red]does not pass[/]")}: {gate.Sentence.EscapeMarkup()}");
            terminal.Emit("comparison", new
            {
                request.Line, request.Version, reply.Production, reply.Run, sites = JsonNode.Parse(comparison.Write())!["sites"], together = effects is null ? null : new
                {
                    effects.Sites, difference = effects.Mean, effects.TauSquared, effects.ISquared, effects.Prediction,
                },
                gate.Passed, gate.Sentence,
            });
            return gate.Passed ? ExitCode.Success : ExitCode.NotVerified;
        });
    }

    /// <summary>What each site said, and what it makes together.</summary>
    public static Table TableOf(SiteComparison comparison, RandomEffects? effects, string title)
    {
        var isNumber = comparison.Sites.Any(site => site.Report.Errors is not null);
        var table = new Table { Title = new TableTitle(title.EscapeMarkup()) }.AddColumns(
            ["site", .. isNumber ? (string[])["rows", "MAE"] : ["negatives", "positives", "AUROC"], "production's", "difference [[95 %]]"]);
        foreach (var (site, report) in comparison.Sites)
        {
            table.AddRow([site.Value, .. report switch
            {
                { Errors: { } errors } => [$"{errors.Rows}", Text(errors.Candidate), Text(errors.Other), Text(RandomEffects.Of([errors.Difference]).Mean)],
                { Areas: { } areas } => [$"{areas.Negatives}", $"{areas.Positives}", Text(areas.Areas[0]), Text(areas.Areas[1]), Text(RandomEffects.Of([areas.Difference(0, 1)]).Mean)],
                _ => (string[])[report.Withheld == Withholding.Policy ? "withheld by its policy" : "withheld: too few"],
            }]);
        }

        if (effects is not null)
            table.AddRow(["[bold]together[/]", .. Enumerable.Repeat("", isNumber ? 3 : 4), Text(effects.Mean)]);
        return table;
    }

    private static string Text(double area) => area.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Text(Estimate difference) => $"{Signed(difference.Value)} [{Signed(difference.Low)}, {Signed(difference.High)}]".EscapeMarkup();

    private static string Signed(double difference) => difference.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);
}
