namespace FederatedClinicalMl.ClinicalData;

/// <summary>Where the tables of an OMOP database are kept: a folder, a server. All that differs between them is behind this.</summary>
internal interface IOmopTables
{
    /// <summary>What it is, in a word or two: <c>folder</c>.</summary>
    string Description { get; }

    /// <summary>A table; null: there is none.</summary>
    /// <param name="name">Its name in the model, in lower case.</param>
    /// <exception cref="DatasetException">It is there, but cannot be read.</exception>
    ITextTable? Find(string name);
}
