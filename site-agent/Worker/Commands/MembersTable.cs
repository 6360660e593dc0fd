using System.Globalization;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Members and their keys for people: fingerprints in groups of four digits, to be read out.</summary>
public static class MembersTable
{
    /// <summary>This site's key, then each study's members.</summary>
    public static void Write(TextWriter writer, MembersReply reply)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(reply);
        writer.WriteLine($"this site, {reply.Site}:\n  {Grouped(reply.Fingerprint)}");
        if (reply.Studies.Count == 0)
            writer.WriteLine("no study names worker keys");
        foreach (var study in reply.Studies)
        {
            writer.WriteLine($"study {study.Name} {study.Study}");
            foreach (var member in study.Members)
                writer.WriteLine($"  {member.Site,-20} {Grouped(member.Fingerprint)}  {Words(member.State)}");
        }

        foreach (var key in reply.Renewed)
            writer.WriteLine($"renewed {key.Site} at {At(key.AtUnixSeconds)}, signed by the old key, from\n  {Grouped(key.From)}\nto\n  {Grouped(key.To)}");
        foreach (var key in reply.Confirmed)
        {
            writer.WriteLine($"confirmed {key.Site} by {key.Steward} at {At(key.AtUnixSeconds)}{(key.Note.Length == 0 ? "" : $": {key.Note}")}\n  {Grouped(key.Fingerprint)}");
        }
    }

    private static string At(long unixSeconds) => DateTimeOffset.FromUnixTimeSeconds(unixSeconds).ToString("u", CultureInfo.InvariantCulture);

    private static string Grouped(string fingerprint) => FingerprintText.Write(Sha256Digest.Parse(fingerprint));

    private static string Words(string state) => state switch
    {
        "own" => "this worker's",
        "confirmed" => "confirmed",
        "unconfirmed" => "NOT CONFIRMED",
        _ => "ANOTHER KEY is this worker's, or was confirmed",
    };
}
