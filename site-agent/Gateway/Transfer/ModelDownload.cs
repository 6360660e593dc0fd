using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Brings what a site needs to score with a registry's model into the incoming directory: <c>models/&lt;digest&gt;/</c>. The worker believes none of it that is not signed.</summary>
internal sealed class ModelDownload(string incoming, FileDownload files)
{
    private readonly string _directory = Path.Combine(incoming, "models");

    /// <summary>Models of which anything is there.</summary>
    public static IReadOnlyList<Sha256Digest> List(string incoming) => !Directory.Exists(Path.Combine(incoming, "models")) ? [] :
        [.. new DirectoryInfo(Path.Combine(incoming, "models")).EnumerateDirectories().Select(folder => Sha256Digest.TryParse(folder.Name, out var model) ? model : (Sha256Digest?)null).OfType<Sha256Digest>()];

    /// <summary>Removes what there is of a model.</summary>
    public void Remove(Sha256Digest model)
    {
        if (Directory.Exists(FolderOf(model)))
            Directory.Delete(FolderOf(model), recursive: true);
    }

    /// <summary>Fetches a model's files; waits out errors of the network and of the disk.</summary>
    /// <returns>Whether they are there; false: the coordinator does not have them, or its manifest is none.</returns>
    public async Task<bool> FetchAsync(Sha256Digest model, CancellationToken stop)
    {
        Directory.CreateDirectory(FolderOf(model));
        if (!await FetchAsync(model, ModelFileNames.Manifest, null, stop))
            return false;
        ModelEntry entry;
        try
        {
            entry = ModelManifest.Read(await File.ReadAllBytesAsync(PathOf(model, ModelFileNames.Manifest), stop)).Entry;
        }
        catch (FormatException)
        {
            return false;
        }

        foreach (var name in entry.Served.Where(name => name != ModelFileNames.Manifest))
        {
            if (entry.File(name) is not { } file || !await FetchAsync(model, name, file.Length, stop))
                return false;
        }

        return true;
    }

    private Task<bool> FetchAsync(Sha256Digest model, string name, long? length, CancellationToken stop) =>
        files.FetchAsync($"/v1/models/{model}/{name}", PathOf(model, name), length, stop, ModelManifest.MaximumLength);

    private string FolderOf(Sha256Digest model) => Path.Combine(_directory, model.ToString());

    private string PathOf(Sha256Digest model, string name) => Path.Combine(FolderOf(model), name);
}
