using System.IO.Compression;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A folder into which files are written, compressed or not. The same content gives the same bytes: no name and no time is in the head of a compressed file.</summary>
internal sealed record OutputFolder(string Path, bool Gzip)
{
    private const int BufferSize = 1 << 16;

    /// <summary>Makes a file.</summary>
    public Stream Create(string name)
    {
        var file = new FileStream(System.IO.Path.Combine(Path, Gzip ? name + ".gz" : name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, BufferSize);
        return Gzip ? new BufferedStream(new GZipStream(file, CompressionLevel.Fastest), BufferSize) : file;
    }
}
