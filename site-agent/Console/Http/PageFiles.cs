using System.Collections.Frozen;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What pages need besides themselves: styles, from the assembly. Their addresses name their content, so that a browser never has an old one.</summary>
internal static class PageFiles
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, (string Type, string Version, byte[] Content)> s_files = typeof(PageFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(name => name[Prefix.Length..], Read, StringComparer.Ordinal);

    /// <summary>The address of a file.</summary>
    public static string Of(string name) => $"{Prefix}{name}?v={s_files[name].Version}";

    /// <summary>Answers with a file.</summary>
    public static IResult Get(HttpContext context, string file)
    {
        if (!s_files.TryGetValue(file, out var found))
            return Results.NotFound();
        context.Response.Headers.CacheControl = context.Request.Query["v"] == found.Version ? "private, max-age=31536000, immutable" : "no-cache";
        return Results.Bytes(found.Content, found.Type);
    }

    private static (string Type, string Version, byte[] Content) Read(string resource)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var type = Path.GetExtension(resource) switch { ".css" => "text/css; charset=utf-8", ".js" => "text/javascript; charset=utf-8", _ => "image/svg+xml" };
        return (type, Sha256Digest.Of(content).Short, content);
    }
}
