using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Monitoring;

/// <summary><c>fcml proposals list|approve|refuse</c> and <c>fcml models retrain</c>.</summary>
internal static class ProposalsCommand
{
    public static Command Create(TimeProvider time) => new Verb("proposals", "See what is proposed to be trained again; approve or refuse it.") { List(time), Approve(time), Refuse(time) };

    /// <summary><c>fcml models retrain LINE --reason ...</c>.</summary>
    public static Command Retrain(TimeProvider time)
    {
        var line = new Argument<string>("name") { Description = "The model's name, as its study has it." };
        var reason = AlertsCommand.Reason();
        return new Verb("retrain", "Propose to train a model again; somebody approves it.", "fcml models retrain heart-disease --reason \"A new laboratory at two sites\"") { line, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            Show(terminal, await connection.AskAsync(connection.Monitoring.ProposeRetrainingAsync(new ProposeRetrainingRequest { Line = parsed.GetRequiredValue(line), Reason = parsed.GetRequiredValue(reason) }, cancellationToken: cancel), cancel));
            return ExitCode.Success;
        });
    }

    private static Verb List(TimeProvider time) => new Verb("list", "List proposals, and what each would run.", "fcml proposals list").Does(async (parsed, terminal, cancel) =>
    {
        using var connection = Connection.Open(parsed, time);
        foreach (var proposal in (await connection.AskAsync(connection.Monitoring.ListProposalsAsync(new ListProposalsRequest(), cancellationToken: cancel), cancel)).Proposals)
            Show(terminal, proposal);
        return ExitCode.Success;
    });

    private static Verb Approve(TimeProvider time)
    {
        var (number, reason) = (AlertsCommand.Number(), AlertsCommand.Reason());
        var study = new Option<string?>("--study") { Description = "Digest of an edited study of the same name that was submitted; without it: the study of the version in production again." };
        return new Verb("approve", "Approve a proposal: its run starts at once.", "fcml proposals approve 2 --reason \"As discussed\"") { number, study, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var request = new ApproveProposalRequest { Number = parsed.GetRequiredValue(number), Study = parsed.GetValue(study) ?? "", Reason = parsed.GetRequiredValue(reason) };
            Show(terminal, await connection.AskAsync(connection.Monitoring.ApproveProposalAsync(request, cancellationToken: cancel), cancel));
            return ExitCode.Success;
        });
    }

    private static Verb Refuse(TimeProvider time)
    {
        var (number, reason) = (AlertsCommand.Number(), AlertsCommand.Reason());
        return new Verb("refuse", "Refuse a proposal.", "fcml proposals refuse 2 --reason \"After the winter\"") { number, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            Show(terminal, await connection.AskAsync(connection.Monitoring.RefuseProposalAsync(new RefuseProposalRequest { Number = parsed.GetRequiredValue(number), Reason = parsed.GetRequiredValue(reason) }, cancellationToken: cancel), cancel));
            return ExitCode.Success;
        });
    }

    private static void Show(Terminal terminal, ProposalSummary proposal)
    {
        terminal.Say($"[bold]Proposal {proposal.Number}[/] for {proposal.Line.EscapeMarkup()}, {proposal.State} ({proposal.Trigger}): {proposal.Asked.Reason.EscapeMarkup()}");
        if (proposal.Decided is { } decided)
            terminal.Say($"  {decided.By.EscapeMarkup()}: {decided.Reason.EscapeMarkup()}{(proposal.Run.Length > 0 ? $"; run {proposal.Run}" : "")}");
        foreach (var candidate in proposal.Candidates)
            terminal.Say($"  study {candidate.Study}: {(candidate.Changes.Count == 0 ? "unchanged" : string.Join("; ", candidate.Changes).EscapeMarkup())}");
        terminal.Emit("proposal", proposal);
    }
}
