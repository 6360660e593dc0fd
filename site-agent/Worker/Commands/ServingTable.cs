using System.Globalization;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Lines of models for people.</summary>
public static class ServingTable
{
    /// <summary>Each line: what is allowed, what is on the shelf, and what is to be looked at.</summary>
    public static void Write(TextWriter writer, ServingReply reply)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Lines.Count == 0)
            writer.WriteLine("no models were offered, and none are allowed");
        foreach (var line in reply.Lines)
        {
            writer.WriteLine($"{line.Line}: {(line.Signer.Length == 0 ? "NOT ALLOWED" : $"{string.Join(", ", line.Modes)}, allowed by {line.AllowedBy}")}{(line.State.Length == 0 ? "" : $"; {line.State}")}");
            if (line.Signer.Length > 0)
                writer.WriteLine(line.Report == "none" ? "  nothing of what it does here is told" : $"  what it does here is told {line.Report}, outcomes after {line.OutcomesAfter} days");
            if (line.Order > 0)
                writer.WriteLine($"  order {line.Order}: production {Or(line.Production)}, fallback {Or(line.Fallback)}, candidate {Or(line.Candidate)}");
            if (line.Stopped.Length > 0)
                writer.WriteLine($"  STOPPED: {PageText.Clean(line.Stopped)}");
            if (line.OfferedSigner.Length > 0 && line.OfferedSigner != line.Signer)
                writer.WriteLine($"  the newest order that came is signed by\n    {FingerprintText.Write(Sha256Digest.Parse(line.OfferedSigner))}");
            if (line.Signer.Length > 0)
                writer.WriteLine($"  allowed is the key\n    {FingerprintText.Write(Sha256Digest.Parse(line.Signer))}");
            foreach (var withdrawn in line.Withdrawn)
                writer.WriteLine($"  withdrawn by this site's scoring at {DateTimeOffset.FromUnixTimeSeconds(withdrawn.AtUnixSeconds).ToString("u", CultureInfo.InvariantCulture)}: {withdrawn.Model[..12]}, {withdrawn.Reason}");
        }
    }

    private static string Or(string version) => version.Length == 0 ? "none" : version;
}
