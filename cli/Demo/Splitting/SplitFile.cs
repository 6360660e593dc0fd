using FederatedClinicalMl.Cli.Synth;

namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>A file of an export, at each site.</summary>
internal sealed class SplitFile : IDisposable
{
    private readonly Stream[] _sites;

    /// <summary>Makes the file in each site's folder, compressed where the export's is.</summary>
    public SplitFile(string name, IReadOnlyList<string> folders) =>
        _sites = [.. folders.Select(folder => new OutputFolder(folder, LineReader.IsPacked(name)).Create(LineReader.Unpacked(name)))];

    /// <summary>Writes a line at one site.</summary>
    public void Write(int site, ReadOnlySpan<byte> line)
    {
        _sites[site].Write(line);
        _sites[site].WriteByte((byte)'\n');
    }

    /// <summary>Writes a line at every site.</summary>
    public void WriteEverywhere(ReadOnlySpan<byte> line)
    {
        for (var site = 0; site < _sites.Length; site++)
            Write(site, line);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var stream in _sites)
            stream.Dispose();
    }
}
