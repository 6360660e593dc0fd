using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Grpc.Core;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models versions|sites|confirm|gates|promote|agree|refuse|rollout|rollback|deprecate|retire</c>: versions of registered models, and what people decide about them.</summary>
internal static class StageVerbs
{
    public static IEnumerable<Command> Create(TimeProvider time) =>
    [
        Versions(time), Sites(time), Confirm(time), Gates(time),
        WithStage(time, "promote", "Ask for a version's promotion to its next stage; its gates have to pass, and two people to agree, one of them a clinician.", reason: null, (stages, request, cancel) => stages.AskPromotionAsync(request, cancellationToken: cancel)),
        WithStage(time, "agree", "Agree to a promotion that was asked for.", new Option<string>("--reason") { Description = "Why; others read it.", Required = true }, (stages, request, cancel) => stages.ApprovePromotionAsync(request, cancellationToken: cancel)),
        WithReason(time, "refuse", "End a promotion that was asked for.", (stages, request, cancel) => stages.RefusePromotionAsync(request, cancellationToken: cancel)),
        Rollout(time),
        RollBack(time),
        Deprecate(time),
        WithReason(time, "retire", "Take a version that is not in production out of use for good.", (stages, request, cancel) => stages.RetireVersionAsync(request, cancellationToken: cancel)),
    ];

    private static Verb Versions(TimeProvider time)
    {
        var name = new Argument<string?>("name") { Description = "The model's name, as its study has it; without it: all.", Arity = ArgumentArity.ZeroOrOne };
        return new Verb("versions", "List versions, their stages, and promotions that wait for people.", "fcml models versions", "fcml models versions heart-disease --json") { name }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var reply = await connection.AskAsync(connection.Stages.ListLinesAsync(new ListLinesRequest(), cancellationToken: cancel), cancel);
            foreach (var line in reply.Lines.Where(line => parsed.GetValue(name) is not { } wanted || line.Name == wanted))
                Show(terminal, line);
            return ExitCode.Success;
        });
    }

    private static Verb Sites(TimeProvider time)
    {
        var name = new Argument<string>("name") { Description = "The model's name, as its study has it." };
        return new Verb("sites", "Show what each site has made of the orders for a model, and what sites' scoring has withdrawn.", "fcml models sites heart-disease") { name }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var line = parsed.GetRequiredValue(name);
            var reply = await connection.AskAsync(connection.Stages.ListServingAsync(new ListServingRequest { Line = line }, cancellationToken: cancel), cancel);
            var table = new Table().Title(line.EscapeMarkup()).AddColumns("site", "connected", "order", "state", "since");
            foreach (var site in reply.Sites)
                table.AddRow(site.Site, site.Connected ? "yes" : "no", site.Order > 0 ? $"{site.Order}" : "", site.State.Length > 0 ? site.State : "has said nothing", site.Order > 0 ? At(site.SinceUnixSeconds).ToString("u") : "");
            terminal.Show(table);
            foreach (var withdrawal in reply.Withdrawals)
                terminal.Say($"[yellow]{withdrawal.Site} has withdrawn {withdrawal.Version}[/] at {At(withdrawal.AtUnixSeconds):u}: {withdrawal.Reason}");
            terminal.Emit("serving", new
            {
                line, sites = reply.Sites.Select(site => new { site.Site, site.Connected, site.Order, site.State, since = At(site.SinceUnixSeconds) }),
                withdrawals = reply.Withdrawals.Select(withdrawal => new { withdrawal.Site, withdrawal.Version, withdrawal.Reason, at = At(withdrawal.AtUnixSeconds) }),
            });
            return ExitCode.Success;
        });
    }

    private static DateTimeOffset At(long unixSeconds) => DateTimeOffset.FromUnixTimeSeconds(unixSeconds);

    private static Verb Confirm(TimeProvider time)
    {
        var model = ModelsCommand.ModelArgument();
        var version = new Option<string?>("--as") { Description = "The version that you confirm: the proposed one, or the next of a greater part. Without it nothing is confirmed, and the proposal is shown." };
        return new Verb("confirm", "Show which version a registered model is proposed to be, and because of what; confirm it.", "fcml models confirm 3f2a91", "fcml models confirm 3f2a91 --as 1.1.0") { model, version }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var digest = (await ModelsCommand.ResolveAsync(connection, parsed.GetRequiredValue(model), cancel)).Digest;
            if (parsed.GetValue(version) is { } confirmed)
            {
                Show(terminal, await connection.AskAsync(connection.Stages.ConfirmVersionAsync(new ConfirmVersionRequest { Model = digest, Version = confirmed }, cancellationToken: cancel), cancel));
                return ExitCode.Success;
            }

            var proposal = await connection.AskAsync(connection.Stages.ProposeVersionAsync(new ProposeVersionRequest { Model = digest }, cancellationToken: cancel), cancel);
            terminal.Say(proposal.Confirmed.Length > 0
                ? $"Model {digest} is version [bold]{proposal.Confirmed}[/] of {proposal.Line.EscapeMarkup()}"
                : $"Model {digest} would be version [bold]{proposal.Version}[/] of {proposal.Line.EscapeMarkup()}{(proposal.Part.Length > 0 ? $", a {proposal.Part} change" : ", its first")}");
            foreach (var change in proposal.Changes)
                terminal.Say($"  {change.EscapeMarkup()}");
            terminal.Emit("proposal", new { model = digest, proposal.Line, proposal.Version, proposal.Part, proposal.Changes, proposal.Confirmed });
            return ExitCode.Success;
        });
    }

    private static Verb Gates(TimeProvider time)
    {
        var (name, version) = Version();
        return new Verb("gates", "Show what a version's gates measure now; nothing is asked for.", "fcml models gates heart-disease 1.1.0") { name, version }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var request = new CheckGatesRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version) };
            var reply = await connection.AskAsync(connection.Stages.CheckGatesAsync(request, cancellationToken: cancel), cancel);
            Show(terminal, reply.Gates);
            terminal.Emit("gates", new { request.Line, request.Version, reply.Passed, gates = reply.Gates.Select(gate => new { gate.Gate, gate.Passed, gate.Sentence }) });
            return reply.Passed ? ExitCode.Success : ExitCode.NotVerified;
        });
    }

    private static Verb WithStage(TimeProvider time, string verb, string what, Option<string>? reason, Func<Stages.StagesClient, PromotionRequest, CancellationToken, AsyncUnaryCall<ModelLine>> call)
    {
        var (name, version) = Version();
        var to = new Option<string>("--to") { Description = "staging or production.", Required = true };
        var made = new Verb(verb, what, $"fcml models {verb} heart-disease 1.1.0 --to staging{(reason is null ? "" : " --reason \"Seen its card\"")}") { name, version, to };
        if (reason is not null)
            made.Options.Add(reason);
        return made.Does((parsed, terminal, cancel) => AskAsync(parsed, terminal, time, stages => call(
            stages,
            new PromotionRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), To = parsed.GetRequiredValue(to), Reason = reason is null ? "" : parsed.GetRequiredValue(reason) },
            cancel), cancel));
    }

    private static Verb WithReason(TimeProvider time, string verb, string what, Func<Stages.StagesClient, VersionRequest, CancellationToken, AsyncUnaryCall<ModelLine>> call)
    {
        var ((name, version), reason) = (Version(), Reason());
        return new Verb(verb, what, $"fcml models {verb} heart-disease 1.1.0 --reason \"Alarms on the ward\"") { name, version, reason }.Does((parsed, terminal, cancel) => AskAsync(parsed, terminal, time, stages => call(
            stages, new VersionRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), Reason = parsed.GetRequiredValue(reason) }, cancel), cancel));
    }

    /// <summary>Says where it leads before it does: what sites use from then on, or that they have no version and answer no score.</summary>
    private static Verb RollBack(TimeProvider time)
    {
        var ((name, version), reason) = (Version(), Reason());
        return new Verb("rollback", "Take the version in production back, at once: to the one before it whose last day is not over, or to none.", "fcml models rollback heart-disease 1.1.0 --reason \"Alarms on the ward\"") { name, version, reason }.Does(async (parsed, terminal, cancel) =>
        {
            var request = new VersionRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), Reason = parsed.GetRequiredValue(reason) };
            using var connection = Connection.Open(parsed, time);
            var lines = await connection.AskAsync(connection.Stages.ListLinesAsync(new ListLinesRequest(), cancellationToken: cancel), cancel);
            if (lines.Lines.FirstOrDefault(line => line.Name == request.Line && line.Production == request.Version) is { } line)
                terminal.Say(line.Fallback.Length > 0 ? $"{line.Production} leaves production, and {line.Fallback} takes its place." : $"[yellow]{line.Production} leaves production, and no version takes its place[/]: there is none before it that may still be used. Sites answer no score, and say why.");
            Show(terminal, await connection.AskAsync(connection.Stages.RollBackAsync(request, cancellationToken: cancel), cancel));
            return ExitCode.Success;
        });
    }

    private static Verb Rollout(TimeProvider time)
    {
        var ((name, version), reason) = (Version(), Reason());
        var mode = new Option<string?>("--mode") { Description = "shadow: scored beside production, answering nobody. canary: answering 5, 25, 50, 100 percent of the patients, step by step. ab: answering a share that stays. blue-green: answering nobody or everybody." };
        var percent = new Option<uint>("--percent") { Description = "The share of patients whom it answers." };
        var end = new Option<bool>("--end") { Description = "Let it in no more." };
        return new Verb("rollout", "Let a version in staging in beside the one in production, at the sites that allow it; or end that.", "fcml models rollout heart-disease 1.1.0 --mode shadow --reason \"Seen its card\"",
            "fcml models rollout heart-disease 1.1.0 --mode canary --percent 5 --reason \"A quiet week as a shadow\"", "fcml models rollout heart-disease 1.1.0 --end --reason \"Too many alarms\"") { name, version, mode, percent, end, reason }.Does(
            (parsed, terminal, cancel) => parsed.GetValue(end) == (parsed.GetValue(mode) is not null) ? throw new CliException(ExitCode.Usage, "Name --mode, or --end, and not both.")
                : AskAsync(parsed, terminal, time, stages => stages.SetRolloutAsync(
                    new SetRolloutRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), Mode = parsed.GetValue(mode) ?? "", Percent = parsed.GetValue(percent), Reason = parsed.GetRequiredValue(reason) }, cancellationToken: cancel), cancel));
    }

    private static Verb Deprecate(TimeProvider time)
    {
        var ((name, version), reason) = (Version(), Reason());
        var day = new Option<string>("--last-day") { Description = "yyyy-MM-dd: the last day on which it is to be used.", Required = true };
        return new Verb("deprecate", "Name the last day on which a version is to be used.", "fcml models deprecate heart-disease 1.0.0 --last-day 2027-03-31 --reason \"A new guideline\"") { name, version, day, reason }.Does(
            (parsed, terminal, cancel) => AskAsync(parsed, terminal, time, stages => stages.DeprecateVersionAsync(
                new DeprecateVersionRequest { Line = parsed.GetRequiredValue(name), Version = parsed.GetRequiredValue(version), LastDay = parsed.GetRequiredValue(day), Reason = parsed.GetRequiredValue(reason) }, cancellationToken: cancel), cancel));
    }

    private static (Argument<string> Name, Argument<string> Version) Version() => (
        new Argument<string>("name") { Description = "The model's name, as its study has it." },
        new Argument<string>("version") { Description = "The version, such as 1.1.0: what you mean, and not what may stand there by now." });

    private static Option<string> Reason() => new("--reason") { Description = "Why; others read it.", Required = true };

    private static async Task<ExitCode> AskAsync(ParseResult parsed, Terminal terminal, TimeProvider time, Func<Stages.StagesClient, AsyncUnaryCall<ModelLine>> call, CancellationToken cancel)
    {
        using var connection = Connection.Open(parsed, time);
        Show(terminal, await connection.AskAsync(call(connection.Stages), cancel));
        return ExitCode.Success;
    }

    private static void Show(Terminal terminal, ModelLine line)
    {
        var table = new Table().Title(line.Name.EscapeMarkup()).AddColumns("version", "stage", "model", "confirmed by", "last day");
        foreach (var version in line.Versions)
            table.AddRow(version.Version, version.Stage == "production" ? $"[green]{version.Stage}[/]" : version.Stage, version.Model[..12], version.ConfirmedBy.EscapeMarkup(), version.LastDay);
        terminal.Show(table);
        if (line.Production.Length > 0)
            terminal.Say($"In production: {line.Production}; a rollback leads to {(line.Fallback.Length > 0 ? line.Fallback : "no version")}.");
        if (line.Rollout is { } rollout)
            terminal.Say($"[yellow]{rollout.Version} is let in as {rollout.Mode}{(rollout.Percent > 0 ? $", for {rollout.Percent} % of the patients" : "")}[/]: {rollout.By.EscapeMarkup()}, {rollout.Reason.EscapeMarkup()}");
        if (line.Promotion is { } promotion)
        {
            terminal.Say($"[yellow]{promotion.Version} waits to go to {promotion.To}[/]: {promotion.By.EscapeMarkup()} asked for it. Two people have to agree, one of them a clinician:");
            foreach (var approval in promotion.Approvals)
                terminal.Say($"  {approval.Person.EscapeMarkup()}: {approval.Reason.EscapeMarkup()}");
            Show(terminal, promotion.Gates);
        }

        terminal.Emit("line", new
        {
            line.Name, line.Production, line.Fallback, line.Order,
            rollout = line.Rollout is not { } let ? null : new { let.Version, let.Mode, let.Percent, let.By, let.Reason, at = DateTimeOffset.FromUnixTimeSeconds(let.AtUnixSeconds) },
            versions = line.Versions.Select(version => new { version.Version, version.Model, version.Stage, version.ConfirmedBy, confirmed = DateTimeOffset.FromUnixTimeSeconds(version.ConfirmedUnixSeconds), version.LastDay }),
            promotion = line.Promotion is not { } waits ? null : new { waits.Version, waits.To, waits.By, approvals = waits.Approvals.Select(approval => new { approval.Person, approval.Clinical, approval.Reason }) },
        });
    }

    private static void Show(Terminal terminal, IEnumerable<GateSummary> gates)
    {
        var table = new Table().AddColumns("gate", "", "measured");
        foreach (var gate in gates)
            table.AddRow(gate.Gate, gate.Passed ? "[green]passed[/]" : "[red]not passed[/]", gate.Sentence.EscapeMarkup());
        terminal.Show(table);
    }
}
