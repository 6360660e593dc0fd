using System.Collections.Frozen;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// What pages need besides themselves: styles and scripts, from the assembly. Their addresses name their content, so that a browser keeps them and yet never has an old one.
/// </summary>
internal static class PageFiles
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, Asset> s_assets = typeof(PageFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(Read).ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    /// <summary>The address of a file.</summary>
    public static string Of(string name) => $"/{Prefix}{name}?v={s_assets[name].Version}";

    /// <summary>Answers with a file.</summary>
    public static IResult Get(HttpContext context, string file)
    {
        if (!s_assets.TryGetValue(file, out var asset))
            return Results.NotFound();
        context.Response.Headers.Remove("Pragma");
        context.Response.Headers.CacheControl = context.Request.Query["v"] == asset.Version ? "public, max-age=31536000, immutable" : "no-cache";
        return Results.Bytes(asset.Content, asset.Type);
    }

    private static Asset Read(string resource)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var name = resource[Prefix.Length..];
        var type = Path.GetExtension(name) switch { ".css" => "text/css; charset=utf-8", ".js" => "text/javascript; charset=utf-8", _ => "image/svg+xml" };
        return new Asset(name, type, Sha256Digest.Of(content).Short, content);
    }

    private sealed record Asset(string Name, string Type, string Version, byte[] Content);
}
