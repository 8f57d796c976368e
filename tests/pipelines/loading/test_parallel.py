from pipelines.loading.parallel import PIECE_DOCUMENTS, in_pieces, in_processes
from watermark.document import Document
from watermark.schemes.look_alikes import LookAlikes

DOCUMENTS = [Document(f"d{i}", f"Text number {i} about a house.") for i in range(70)]


def test_documents_come_in_pieces_and_sites_in_order():
    sizes = []

    def find(documents):
        sizes.append(len(documents))
        return LookAlikes().find_sites(documents)

    found = list(in_pieces(find)(DOCUMENTS))
    assert PIECE_DOCUMENTS == 16
    assert sizes == [16, 16, 16, 16, 6]
    assert found == list(LookAlikes().find_sites(DOCUMENTS))
    assert list(in_pieces(find)([])) == []


def test_processes_find_the_same_sites():
    with in_processes(LookAlikes(), 2) as find:
        assert list(find(DOCUMENTS)) == list(LookAlikes().find_sites(DOCUMENTS))
