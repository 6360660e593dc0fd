using System.Reflection;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Whence a run comes, fixed when it is created: it stands in the signed manifest of the model that the run makes.</summary>
/// <param name="Parent">The registry's entry that the model is to follow: the version that its line had in production, else its greatest; null where it has none.</param>
/// <param name="Environment">What the coordinator ran on. What the sites computed with is in the round records.</param>
public sealed record RunOrigin(Sha256Digest? Parent, string Environment)
{
    private static readonly Assembly s_software = typeof(RunOrigin).Assembly;

    /// <summary>The origin of a run that is created by this process.</summary>
    public static RunOrigin Here(Sha256Digest? parent)
    {
        var here = $"{s_software.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "no revision"}; {RuntimeInformation.FrameworkDescription}; {RuntimeInformation.OSDescription}; {RuntimeInformation.ProcessArchitecture}";
        return new RunOrigin(parent, here[..Math.Min(here.Length, ModelEntry.LongestEnvironment)]); // an operating system calls itself what it likes
    }
}
