using System.IO.Compression;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The bytes of an <c>.ndjson</c> or <c>.ndjson.gz</c> file. A compressed file that breaks off, is damaged, or unpacks to more than is allowed ends where that
/// shows, with <see cref="Fault"/>.
/// </summary>
internal sealed class NdjsonBytes : IDisposable
{
    // Without it the framework takes a gzip that breaks off for one that ends.
    private const string StrictValidation = "System.IO.Compression.UseStrictValidation";

    private readonly FhirLimits _limits;
    private readonly FileStream _file;
    private readonly GZipStream? _unpacked;
    private long _length;

    /// <summary>Opens a file.</summary>
    /// <exception cref="DatasetException">It cannot be read.</exception>
    public NdjsonBytes(string path, FhirLimits limits)
    {
        _limits = limits;
        var isPacked = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        if (isPacked && !(AppContext.TryGetSwitch(StrictValidation, out var isStrict) && isStrict))
            throw new InvalidOperationException($"This program was built without {StrictValidation}: see Directory.Build.props.");
        try
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }

        if (!isPacked)
            return;
        _unpacked = new GZipStream(_file, CompressionMode.Decompress);
        Fault = _file.Length == 0 ? RecordFault.ArchiveBroken : null;
    }

    /// <summary>Why there is no more to read, where that is not the file's end.</summary>
    public RecordFault? Fault { get; private set; }

    /// <summary>Reads on.</summary>
    /// <returns>How many bytes; 0: there are no more.</returns>
    /// <exception cref="DatasetException">The file cannot be read.</exception>
    public int Read(Span<byte> buffer)
    {
        if (Fault is not null)
            return 0;
        try
        {
            if (_unpacked is null)
                return _file.Read(buffer);
            var read = _unpacked.Read(buffer);
            _length += read;
            if (_length <= _limits.GzipJudgedAfter || _length <= _file.Position * _limits.GzipRatio)
                return read;
            Fault = RecordFault.ArchiveGrows;
        }
        catch (InvalidDataException)
        {
            Fault = RecordFault.ArchiveBroken;
        }
        catch (IOException error)
        {
            throw Unreadable(_file.Name, error);
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _unpacked?.Dispose();
        _file.Dispose();
    }

    /// <summary>A file or folder that cannot be read. What the operating system says of it names its path, and nothing that is in it.</summary>
    public static DatasetException Unreadable(string path, Exception error) =>
        new($"'{path}' cannot be read: {error.Message} Correct the folder of the export, or what this account may read there.");
}
