namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>Where clients find the coordinator; part of every invitation, and of its certificate.</summary>
public sealed class CoordinatorAddress(IReadOnlyList<string> hosts, int port)
{
    /// <summary>DNS names and addresses, the first of which invitations name.</summary>
    public IReadOnlyList<string> Hosts { get; } = hosts;

    /// <summary>TCP port. Replaced by the bound one where an ephemeral port was asked for.</summary>
    public int Port { get; set; } = port;

    /// <summary>The address in invitations.</summary>
    public string Url => new UriBuilder(Uri.UriSchemeHttps, Hosts[0], Port).Uri.GetLeftPart(UriPartial.Authority);
}

/// <summary>Who the coordinator is, to its clients.</summary>
/// <param name="Id">Drawn once, when its data folder was made.</param>
public sealed record CoordinatorIdentity(string Id);
