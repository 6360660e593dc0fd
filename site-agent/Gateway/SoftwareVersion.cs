using System.Reflection;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Versions of this program.</summary>
public static class SoftwareVersion
{
    /// <summary>Oldest and newest protocol that this gateway speaks with a coordinator.</summary>
    public const uint OldestProtocol = 1, NewestProtocol = 1;

    /// <summary>The program's version, e.g. <c>0.1.0</c>.</summary>
    public static string Text { get; } =
        typeof(SoftwareVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
