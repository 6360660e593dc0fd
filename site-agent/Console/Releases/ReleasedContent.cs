using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>A release's content against its manifest, by this console's own computation: it does not take the worker's word for what it can see itself.</summary>
internal static class ReleasedContent
{
    /// <summary>The SHA-256 of the content, and whether the manifest has it.</summary>
    /// <exception cref="WorkerException">The manifest cannot be read: the worker is another version.</exception>
    public static (string Digest, bool Same) Check(ReleaseReply release)
    {
        var digest = Sha256Digest.Of(Encoding.UTF8.GetBytes(release.Json)).ToString();
        try
        {
            return (digest, JsonNode.Parse(release.Manifest)?["payloadDigest"]?.GetValue<string>() == digest);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new WorkerException("The manifest of the release cannot be read by this console: it is of another version than the worker. Install the same version of both.");
        }
    }
}
