using System.Diagnostics.CodeAnalysis;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>What a member may do. Values fit together, so that a call can name everybody whom it serves.</summary>
[Flags]
public enum Roles
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>A hospital's gateway.</summary>
    Site = 1,

    /// <summary>Invites, revokes, and everything that a researcher does.</summary>
    Admin = 2,

    /// <summary>Submits studies and runs them.</summary>
    Researcher = 4,

    /// <summary>Reads, and changes nothing.</summary>
    Auditor = 8,

    /// <summary>Reads, and agrees to promotions of models on clinical grounds.</summary>
    Clinician = 16,

    /// <summary>A hospital's person for its patients' privacy: reads, and changes nothing here. What a steward approves is approved at the site.</summary>
    Steward = 32,

    /// <summary>Any person.</summary>
    People = Admin | Researcher | Auditor | Clinician | Steward,
}

/// <summary>Who somebody is: a site, or a person in one role. A name is used once among sites and once among people.</summary>
/// <param name="Role">Exactly one role; of who has signed in by a token, every one that it gives.</param>
/// <param name="Name">By the rule of <see cref="FederatedClinicalMl.Studies.Name"/>; of who has signed in by a token, <c>name@issuer</c>.</param>
public sealed record Member(Roles Role, string Name)
{
    /// <summary>
    /// By what they have shown who they are, for the audit log: <c>certificate</c> and its SHA-256, or <c>token</c>, its issuer and its subject; null: by nothing here. No part of who they are: whoever shows another certificate is the
    /// same member.
    /// </summary>
    public string? Credential { get; init; }

    /// <summary>Whether this is a site.</summary>
    public bool IsSite => Role == Roles.Site;

    /// <summary>The site.</summary>
    /// <exception cref="InvalidOperationException">This is a person.</exception>
    public SiteId Site => IsSite ? SiteId.Parse(Name) : throw new InvalidOperationException($"{Name} is a person, not a site.");

    /// <summary>The URI in the certificate's subject alternative name.</summary>
    public string Uri => IsSite ? $"urn:fcml:site:{Name}" : $"urn:fcml:person:{RoleWord}:{Name}";

    /// <summary>The role in one word; several with a + between them.</summary>
    public string RoleWord => string.Join('+', Enum.GetValues<Roles>().Where(role => int.PopCount((int)role) == 1 && Role.HasFlag(role)).Select(role => role.ToString().ToLowerInvariant()));

    /// <inheritdoc/>
    public bool Equals(Member? other) => other is not null && (Role, Name) == (other.Role, other.Name);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Role, Name);

    /// <inheritdoc/>
    public override string ToString() => $"{RoleWord} {Name}";

    /// <summary>Reads a subject from the wire.</summary>
    public static bool TryParse(Protos.Federation.Subject? subject, [NotNullWhen(true)] out Member? member)
    {
        member = null;
        if (subject is null || !FederatedClinicalMl.Studies.Name.IsName(subject.Name))
            return false;
        Roles? role = (subject.Kind, subject.Role) switch
        {
            (Protos.Federation.Subject.Types.Kind.Site, Protos.Federation.Subject.Types.Role.Site) => Roles.Site,
            (Protos.Federation.Subject.Types.Kind.Person, Protos.Federation.Subject.Types.Role.Admin) => Roles.Admin,
            (Protos.Federation.Subject.Types.Kind.Person, Protos.Federation.Subject.Types.Role.Researcher) => Roles.Researcher,
            (Protos.Federation.Subject.Types.Kind.Person, Protos.Federation.Subject.Types.Role.Auditor) => Roles.Auditor,
            (Protos.Federation.Subject.Types.Kind.Person, Protos.Federation.Subject.Types.Role.Clinician) => Roles.Clinician,
            (Protos.Federation.Subject.Types.Kind.Person, Protos.Federation.Subject.Types.Role.Steward) => Roles.Steward,
            _ => null,
        };
        member = role is { } known ? new Member(known, subject.Name) : null;
        return member is not null;
    }

    /// <summary>This subject on the wire.</summary>
    public Protos.Federation.Subject ToMessage() => new()
    {
        Kind = IsSite ? Protos.Federation.Subject.Types.Kind.Site : Protos.Federation.Subject.Types.Kind.Person,
        Role = Role switch
        {
            Roles.Site => Protos.Federation.Subject.Types.Role.Site,
            Roles.Admin => Protos.Federation.Subject.Types.Role.Admin,
            Roles.Researcher => Protos.Federation.Subject.Types.Role.Researcher,
            Roles.Auditor => Protos.Federation.Subject.Types.Role.Auditor,
            Roles.Clinician => Protos.Federation.Subject.Types.Role.Clinician,
            Roles.Steward => Protos.Federation.Subject.Types.Role.Steward,
            _ => throw new InvalidOperationException($"{Role} is not one role."),
        },
        Name = Name,
    };
}
