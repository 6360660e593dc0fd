namespace FederatedClinicalMl.ClinicalData;

/// <summary>A folder with one file for each table: <c>person.csv</c>, <c>person.csv.gz</c> or <c>person.parquet</c>. CSV with commas and a header.</summary>
internal sealed class OmopFolder : IOmopTables
{
    private static readonly string[] s_endings = [".csv", ".csv.gz", ".parquet"];

    private readonly string _folder;
    private readonly string[] _files;

    /// <exception cref="DatasetMissingException">The folder is not there.</exception>
    public OmopFolder(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DatasetMissingException($"The folder '{folder}' is not there, or this account may not read it.");
        _folder = Path.GetFullPath(folder);
        _files = [.. Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public string Description => "folder";

    /// <inheritdoc/>
    public ITextTable? Find(string name)
    {
        var files = _files.Where(file => s_endings.Any(ending => file.Equals(name + ending, StringComparison.OrdinalIgnoreCase))).ToArray();
        if (files.Length > 1)
            throw new DatasetException($"'{_folder}' has the table {name} in several files: {string.Join(", ", files)}. Leave one of them there.");
        return files is not [var file] ? null : TableFile.Open(
            new DatasetSource(
                Path.Join(_folder, file), file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) ? DatasetFormat.Parquet : DatasetFormat.Csv,
                Header: true, [], ',', [""]),
            file, "the export");
    }
}
