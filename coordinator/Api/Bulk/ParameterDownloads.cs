using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary><c>GET /v1/parameters/{digest}</c>, whole or from a byte on. Only vectors that an open run of the site needs now.</summary>
public sealed class ParameterDownloads(Runs runs, ResultStore results)
{
    /// <summary>Sends the vector.</summary>
    public async Task GetAsync(HttpContext context, string digest)
    {
        if (!Sha256Digest.TryParse(digest, out var parameters) || !await runs.NeedsAsync(Caller.Of(context).Member.Site, parameters) || !results.Contains(parameters))
        {
            await FaultWriter.WriteAsync(context, Fault.ParametersUnknown);
            return;
        }

        using var file = results.Open(parameters);
        await RangedFile.SendAsync(context, file, $"The vector {parameters}");
    }
}
