using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models observe|monitoring</c>: asks sites what a served version did there, and shows what they have told.</summary>
internal static class MonitoringVerbs
{
    public static Verb CreateObserve(TimeProvider time)
    {
        var (name, version) = Arguments();
        return new Verb("observe", "Ask the sites that serve a version what it did there, as far as their stewards' schedules have made it ripe, and show it. The coordinator asks by itself every day.", "fcml models observe heart-disease")
        {
            name, version,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var request = new ObserveVersionRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetValue(version) ?? "" };
            var reply = await connection.AskAsync(connection.Stages.ObserveVersionAsync(request, cancellationToken: cancel), cancel);
            var view = await WatchVerb.FollowAsync(connection, reply.Run, terminal, cancel);
            if (view.State.Status != RunStatus.Monitored)
                throw new CliException(ExitCode.RunWithoutModel, $"No site told anything: {view.State.Failure?.TrimEnd('.') ?? "the run was cancelled"}. 'fcml models sites {request.Line}' shows what each site makes of the line.");
            return await ShowAsync(connection, terminal, request.Line, reply.Version, cancel);
        });
    }

    public static Verb CreateMonitoring(TimeProvider time)
    {
        var (name, version) = Arguments();
        var beside = new Option<string?>("--beside") { Description = "A version to hold it against, over the windows that a site told of both: the one that is let in beside production." };
        return new Verb("monitoring", "Show what sites have told of a served version: volume, live performance, drift, data quality and latency of each window.", "fcml models monitoring heart-disease", "fcml models monitoring heart-disease 1.2.0 --json", "fcml models monitoring heart-disease --beside 1.3.0")
        {
            name, version, beside,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var (line, of) = (parsed.GetRequiredValue(name), parsed.GetValue(version) ?? "");
            return parsed.GetValue(beside) is { } other ? await CompareAsync(connection, terminal, line, of, other, cancel) : await ShowAsync(connection, terminal, line, of, cancel);
        });
    }

    private static (Argument<string> Name, Argument<string?> Version) Arguments() => (
        new Argument<string>("name") { Description = "The model's name, as its study has it." },
        new Argument<string?>("version") { Description = "The version; without it: the one in production.", Arity = ArgumentArity.ZeroOrOne });

    private static async Task<(GetMonitoringReply Reply, Study Study, SiteMonitoring Monitoring)> AskAsync(Connection connection, string name, string version, CancellationToken cancel)
    {
        var reply = await connection.AskAsync(connection.Stages.GetMonitoringAsync(new GetMonitoringRequest { Line = name, Version = version }, cancellationToken: cancel), cancel);
        var study = StudyChecker.CheckCanonical(reply.Study.ToByteArray()).Study ?? throw new CliException(ExitCode.Refused, "The coordinator's study does not pass this version's checks: use the command line of the coordinator's version.");
        return (reply, study, SiteMonitoring.Read(study, reply.Monitoring.Span));
    }

    private static async Task<ExitCode> CompareAsync(Connection connection, Terminal terminal, string name, string version, string beside, CancellationToken cancel)
    {
        var (one, other) = (await AskAsync(connection, name, version, cancel), await AskAsync(connection, name, beside, cancel));
        if (one.Reply.Version == other.Reply.Version)
            throw new CliException(ExitCode.Usage, $"{name} {beside} cannot be held against itself; name another version with --beside.");
        if (!ArmComparison.CanCompare(one.Study, other.Study))
            throw new CliException(ExitCode.Refused, $"{name} {one.Reply.Version} and {other.Reply.Version} predict different things, or in different units: nothing of the two can be compared.");
        var tables = new ArmTables(ArmComparison.Of(Windows(one.Monitoring), Windows(other.Monitoring)), one.Reply.Version, other.Reply.Version, one.Study.Data.Label.Number);
        terminal.Show(tables.Table());
        terminal.Say(tables.Words().EscapeMarkup());
        terminal.Emit("beside", tables.Json());
        return ExitCode.Success;

        static IEnumerable<(SiteId, IReadOnlyList<MonitoredWindow>)> Windows(SiteMonitoring told) => told.Sites.Select(site => (site.Site, (IReadOnlyList<MonitoredWindow>)site.Report.Windows));
    }

    private static async Task<ExitCode> ShowAsync(Connection connection, Terminal terminal, string name, string version, CancellationToken cancel)
    {
        var (reply, study, monitoring) = await AskAsync(connection, name, version, cancel);
        var profile = reply.Profile.IsEmpty ? null : StudyProfile.Read(study, reply.Profile.Span);
        var table = new Table { Title = new TableTitle($"{reply.Line} {reply.Version}".EscapeMarkup()) }
            .AddColumns(["site", "window", "rows", .. study.Data.Label.Number is { } number ? (string[])[$"MAE{number.AfterName}, 95 %".EscapeMarkup(), $"bias{number.AfterName}".EscapeMarkup()] : ["AUROC", "in the large"], "most drift (PSI)", "all numbers together (MMD²)", "most missing", "99th percentile"]);
        foreach (var (site, report) in monitoring.Sites)
        {
            if (report.Withheld is not null || report.Windows.IsEmpty)
                table.AddRow(site.Value, report.Withheld is not null ? report.WithheldWord : "nothing is ripe yet");
            foreach (var figures in WindowFigures.All(study, report.Windows, profile?.Sites.FirstOrDefault(item => item.Site == site).Report))
                table.AddRow([site.Value, .. Row(figures)]);
        }

        var subgroups = SiteMonitoring.Subgroups(study, [.. monitoring.Sites.Select(item => item.Report.Windows)]);
        var errors = SiteMonitoring.ErrorTables(study, monitoring.Sites.SelectMany(item => item.Report.Windows));
        terminal.Show(table);
        SubgroupTables.Show(subgroups, terminal, "windows");
        SubgroupTables.Show(errors, terminal, "windows");
        if (monitoring.Sites.Count == 0)
            terminal.Say($"No site has told anything yet; 'fcml models observe {name}' asks.");
        terminal.Emit("monitoring", new
        {
            reply.Line, reply.Version, reply.Model, monitoring = JsonNode.Parse(reply.Monitoring.Span),
            sites = reply.Sites.Select(site => new { site.Site, site.Run, at = DateTimeOffset.FromUnixTimeSeconds(site.AtUnixSeconds), site.Withheld }),
            figures = monitoring.Sites.SelectMany(item => WindowFigures.All(study, item.Report.Windows, profile?.Sites.FirstOrDefault(known => known.Site == item.Site).Report).Select(figures => new
            {
                site = item.Site.Value, from = CalendarDay.Text(figures.Window.Window.From), to = CalendarDay.Text(figures.Window.Window.To), rows = figures.Window.Usage?.Answered,
                auroc = figures.Metrics?.Auroc, inTheLarge = figures.Calibration?.InTheLarge?.Value, expectedError = figures.Calibration?.ExpectedError, positives = figures.Positives, labelChange = figures.LabelChange, errors = figures.Errors?.ToJson(),
                features = figures.Features.Select(feature => new
                {
                    feature.Feature, stability = feature.Stability?.Index, distance = feature.Distance?.Statistic, chiSquareP = feature.Homogeneity?.P, feature.Missing, feature.Implausible,
                }),
                joint = figures.Joint is { } joint ? new { joint.Discrepancy, joint.P } : null, median = figures.Median, slowest = figures.Slowest,
            })),
            subgroups = study.Data.Label.Number is null ? SubgroupTables.Json(subgroups) : SubgroupTables.Json(errors),
        });
        return ExitCode.Success;
    }

    private static IEnumerable<string> Row(WindowFigures figures)
    {
        var days = figures.Window.Window;
        yield return days.From == days.To ? CalendarDay.Text(days.From) : $"{CalendarDay.Text(days.From)} to {CalendarDay.Text(days.To)}";
        yield return figures.Window.Usage is { } usage ? usage.Answered.ToString(CultureInfo.InvariantCulture) : "too few";
        yield return figures.Window.Outcomes is null ? "waits for outcomes" : figures.Errors is { } errors ? RegressionMetrics.Text(errors.MeanAbsoluteError).EscapeMarkup()
            : figures.Metrics is { } metrics ? ClassifierMetrics.Text(metrics.Auroc) : "too few";
        yield return figures.Errors?.Bias is { } bias ? RegressionMetrics.Text(bias.Value) : figures.Calibration?.InTheLarge is { } large ? large.Value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture) : "";
        yield return figures.Worst is { Stability: { } psi } worst ? $"{worst.Feature.EscapeMarkup()} {psi.Index.ToString("0.000", CultureInfo.InvariantCulture)}{(psi.Band == PsiBand.Stable ? "" : $", {psi.Band.ToString().ToLowerInvariant()}")}" : "";
        yield return Joint(figures.Joint);
        yield return figures.Features.Where(feature => feature.Missing is not null).MaxBy(feature => feature.Missing) is { } lacking ? $"{lacking.Feature.EscapeMarkup()} {lacking.Missing!.Value.ToString("P1", CultureInfo.InvariantCulture)}" : "";
        yield return figures.Slowest is { } slowest ? slowest.Below is { } below ? $"below {Milliseconds(below)}" : $"from {Milliseconds(slowest.From)}" : "";
    }

    internal static string Joint(JointDrift? joint) => joint is null ? ""
        : $"{joint.Discrepancy.ToString("0.000", CultureInfo.InvariantCulture)}, p ≤ {joint.P.ToString(CultureInfo.InvariantCulture)}{(joint.CertainDiscrepancy > JointDrift.LargeFrom ? ", large" : "")}";

    private static string Milliseconds(long microseconds) => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000.0:0.###} ms");
}
