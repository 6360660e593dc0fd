using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;
using Kind = FederatedClinicalMl.Protos.Federation.Subject.Types.Kind;
using Role = FederatedClinicalMl.Protos.Federation.Subject.Types.Role;

namespace FederatedClinicalMl.Cli.Members;

/// <summary><c>fcml site ...</c></summary>
internal static class SiteCommand
{
    public static Command Create(TimeProvider time) => new Verb("site", "Invite, list and revoke sites.")
    {
        Invite(time), List(time), Revoke(time),
    };

    private static Verb Invite(TimeProvider time)
    {
        var name = MemberVerbs.NameArgument("site's");
        var hours = MemberVerbs.ValidHours();
        var file = MemberVerbs.OutputFile();
        return new Verb("invite", "Make a single-use invitation for a site.", "fcml site invite cleveland", "fcml site invite cleveland --valid-hours 24 --out cleveland.invitation")
        {
            name, hours, file,
        }.Does((parsed, terminal, cancel) => MemberVerbs.InviteAsync(
            parsed, terminal, new Subject { Kind = Kind.Site, Role = Role.Site, Name = parsed.GetRequiredValue(name) }, parsed.GetValue(hours), parsed.GetValue(file),
            "site-agent enrol", time, cancel));
    }

    private static Verb Revoke(TimeProvider time)
    {
        var name = MemberVerbs.NameArgument("site's");
        return new Verb("revoke", "Revoke a site; its open stream ends at once.", "fcml site revoke cleveland")
        {
            name,
        }.Does((parsed, terminal, cancel) => MemberVerbs.RevokeAsync(
            parsed, terminal, new Subject { Kind = Kind.Site, Role = Role.Site, Name = parsed.GetRequiredValue(name) }, time, cancel));
    }

    private static Verb List(TimeProvider time) =>
        new Verb("list", "List sites and people: state, last contact, certificate, worker key.", "fcml site list", "fcml site list --json").Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var reply = await connection.AskAsync(admin => admin.ListMembersAsync(new ListMembersRequest(), cancellationToken: cancel), cancel);
            var table = new Table().AddColumns("name", "role", "state", "last contact", "certificate until", "software", "worker key");
            foreach (var member in reply.Members.OrderBy(m => m.Subject.Kind).ThenBy(m => m.Subject.Name, StringComparer.Ordinal))
            {
                var (contact, until) = (Moment(member.LastContactUnixSeconds), Moment(member.CertificateNotAfterUnixSeconds));
                table.AddRow(
                    member.Subject.Name.EscapeMarkup(), member.Subject.Role.ToString().ToLowerInvariant(), member.State.ToString().ToLowerInvariant(),
                    contact?.ToString("u") ?? "-", until?.ToString("u") ?? "-", member.SoftwareVersion.EscapeMarkup(), member.WorkerFingerprint.EscapeMarkup());
                terminal.Emit("member", new
                {
                    member.Subject.Name, member.Subject.Role, member.State, lastContact = contact, certificateUntil = until, member.SoftwareVersion, member.WorkerFingerprint,
                });
            }

            terminal.Show(table);
            return ExitCode.Success;
        });

    private static DateTimeOffset? Moment(long unixSeconds) => unixSeconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(unixSeconds);
}
