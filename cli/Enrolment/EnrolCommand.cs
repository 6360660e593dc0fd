using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.SiteAgent.Gateway;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Enrolment;

/// <summary><c>fcml enrol</c>: a person redeems an invitation. Sites do this with <c>site-agent enrol</c>.</summary>
internal static class EnrolCommand
{
    public static Command Create(TimeProvider time)
    {
        var invitation = new Argument<string>("invitation")
        {
            Description = "The line that 'fcml person invite' or 'fcml coordinator init' printed, or @FILE for a file that holds it (better: it stays out of the shell's history).",
        };
        return new Verb(
            "enrol",
            "Redeem an invitation: make your key here and get your certificate.",
            "fcml enrol @invitation.txt",
            "fcml enrol @invitation.txt --identity ~/.fcml/heart-consortium")
        {
            invitation,
        }.Does(async (parsed, terminal, cancel) =>
        {
            var folder = Connection.FolderOf(parsed);
            using var identity = await RedeemAsync(parsed.GetRequiredValue(invitation), folder, time, cancel);
            terminal.Say($"You are [bold]{identity.Subject.EscapeMarkup()}[/] at {identity.Coordinator}. Your key and certificate are in {ClientIdentity.PathIn(folder).EscapeMarkup()}; nobody else should be able to read that file.");
            terminal.Emit("enrolled", new { identity.Subject, coordinator = identity.Coordinator.ToString(), file = ClientIdentity.PathIn(folder) });
            return ExitCode.Success;
        });
    }

    /// <summary>Redeems an invitation and saves the identity.</summary>
    public static async Task<ClientIdentity> RedeemAsync(string token, string folder, TimeProvider time, CancellationToken cancel)
    {
        if (ClientIdentity.ExistsIn(folder))
            throw new CliException(ExitCode.Usage, $"{ClientIdentity.PathIn(folder)} holds an identity already; name another folder with --identity, or move that file away.");
        var invitation = InvitationToken.Read(token);
        if (invitation.IsSite)
            throw new CliException(ExitCode.Usage, $"This invitation is for the site '{invitation.Name}', not for a person: redeem it at the site with 'site-agent enrol'.");
        var identity = await Redemption.RedeemAsync(invitation, worker: null, ProxySettings.FromEnvironment(), time, cancel);
        identity.Save(folder);
        return identity;
    }
}
