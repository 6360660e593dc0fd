using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Kinds of files that can be read.</summary>
public enum DatasetFormat
{
    /// <summary>Delimited text, UTF-8.</summary>
    Csv,

    /// <summary>Apache Parquet.</summary>
    Parquet,
}

/// <summary>Where a dataset lies and how it is written. Comes from the site's steward only, never from a study.</summary>
/// <param name="Path">Full path of the file.</param>
/// <param name="Format">Kind of file.</param>
/// <param name="Header">Whether a CSV file's first line names its columns.</param>
/// <param name="Columns">Names of the columns in order, for a CSV file without header; else empty.</param>
/// <param name="Delimiter">Separator of a CSV file.</param>
/// <param name="Missing">Texts that stand for a missing value; compared after trimming.</param>
public sealed record DatasetSource(
    string Path,
    DatasetFormat Format,
    bool Header,
    ImmutableArray<string> Columns,
    char Delimiter,
    ImmutableArray<string> Missing);

/// <summary>A dataset cannot be read as a study needs it; the message is for the site's steward and names no value.</summary>
public class DatasetException(string message) : Exception(message);

/// <summary>A file or a column is not there.</summary>
public sealed class DatasetMissingException(string message) : DatasetException(message);
