using System.CommandLine;
using FederatedClinicalMl.Protos.Federation;
using Kind = FederatedClinicalMl.Protos.Federation.Subject.Types.Kind;
using Role = FederatedClinicalMl.Protos.Federation.Subject.Types.Role;

namespace FederatedClinicalMl.Cli.Members;

/// <summary><c>fcml person ...</c></summary>
internal static class PersonCommand
{
    public static Command Create(TimeProvider time) => new Verb("person", "Invite and revoke admins, researchers, clinicians, stewards and auditors.")
    {
        Invite(time), Revoke(time),
    };

    private static Option<Role> RoleOption()
    {
        var option = new Option<Role>("--role")
        {
            Description = "admin, researcher, clinician, steward or auditor.",
            Required = true,
            CustomParser = result => Enum.TryParse<Role>(result.Tokens.Single().Value, ignoreCase: true, out var role) && role is Role.Admin or Role.Researcher or Role.Clinician or Role.Steward or Role.Auditor
                ? role
                : Refuse(result, $"'{result.Tokens.Single().Value}' is not a role: admin, researcher, clinician, steward or auditor."),
        };
        return option;

        static Role Refuse(System.CommandLine.Parsing.ArgumentResult result, string sentence)
        {
            result.AddError(sentence);
            return Role.Unspecified;
        }
    }

    private static Verb Invite(TimeProvider time)
    {
        var (name, role, hours, file) = (MemberVerbs.NameArgument("person's"), RoleOption(), MemberVerbs.ValidHours(), MemberVerbs.OutputFile());
        return new Verb("invite", "Make a single-use invitation for a person.", "fcml person invite ada --role researcher")
        {
            name, role, hours, file,
        }.Does((parsed, terminal, cancel) => MemberVerbs.InviteAsync(
            parsed, terminal, Person(parsed, name, role), parsed.GetValue(hours), parsed.GetValue(file), "fcml enrol", time, cancel));
    }

    private static Verb Revoke(TimeProvider time)
    {
        var (name, role) = (MemberVerbs.NameArgument("person's"), RoleOption());
        return new Verb("revoke", "Revoke a person's certificates.", "fcml person revoke ada --role researcher")
        {
            name, role,
        }.Does((parsed, terminal, cancel) => MemberVerbs.RevokeAsync(parsed, terminal, Person(parsed, name, role), time, cancel));
    }

    private static Subject Person(ParseResult parsed, Argument<string> name, Option<Role> role) =>
        new() { Kind = Kind.Person, Role = parsed.GetValue(role), Name = parsed.GetRequiredValue(name) };
}
