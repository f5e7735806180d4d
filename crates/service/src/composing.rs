//! What is written, made ready to be sent: files looked up, the whole cut into what the channel carries in one call each.

use crate::{ServiceError, Services};
use channel::{Channel, OutboundFile};
use futures_util::TryStreamExt;
use model::{
    Block, Capabilities, FileId, WorkspaceId,
    block::Media,
    capabilities::{CardImages, MediaLimits},
    file::FileState,
};
use render::Loss;
use std::collections::BTreeSet;

/// The messages that something written becomes, each as one call carries it, with the files that it names.
pub(crate) type Composed = Vec<(Vec<Block>, Vec<FileId>)>;

/// What a channel can do from here: pictures that a provider fetches by itself need an address that it can reach.
pub(crate) fn capabilities(services: &Services, channel: &dyn Channel) -> Capabilities {
    let mut able = channel.capabilities();
    if let Some(cards) = able.cards.as_mut().filter(|cards| cards.images == CardImages::Address)
        && services.0.config.public_url.is_none()
    {
        cards.images = CardImages::None;
    }
    able
}

/// Cuts what somebody wrote into messages, each of which the channel carries in one call.
///
/// # Errors
/// Invalid when a file is not here, or when the channel cannot carry a part of it.
pub(crate) async fn compose(
    services: &Services,
    workspace_id: WorkspaceId,
    able: &Capabilities,
    mut blocks: Vec<Block>,
) -> Result<Composed, ServiceError> {
    for media in blocks.iter_mut().flat_map(Block::all_media_mut) {
        describe(services, workspace_id, media).await?;
    }
    let plan = render::plan(&blocks, able);
    if let Some(lost) = plan.lost.iter().find(|lost| matches!(lost.what, Loss::LeftOut | Loss::FileAsLink)) {
        return Err(ServiceError::invalid("blocks", uncarried(blocks.get(lost.block), able)));
    }
    let messages = render::messages(&blocks, able);
    if messages.is_empty() {
        return Err(ServiceError::invalid("blocks", "this channel can carry nothing of this"));
    }
    let files = |blocks: &[Block]| {
        let named: BTreeSet<FileId> = blocks.iter().flat_map(Block::all_media).map(|media| media.file_id).collect();
        named.into_iter().collect()
    };
    Ok(messages.into_iter().map(|blocks| (files(&blocks), blocks)).map(|(files, blocks)| (blocks, files)).collect())
}

/// Completes what is said of a file by what is known of it.
async fn describe(services: &Services, workspace_id: WorkspaceId, media: &mut Media) -> Result<(), ServiceError> {
    let id = media.file_id;
    let found = services.store().find_file(workspace_id, id).await?;
    let Some(file) = found.filter(|file| file.state == FileState::Stored) else {
        return Err(ServiceError::invalid("blocks", format!("there is no file {id}")));
    };
    *media = Media {
        // A sender may call it as he likes.
        name: media.name.take().filter(|name| !name.trim().is_empty()).or(Some(file.name)),
        caption: media.caption.take().filter(|words| !words.trim().is_empty()),
        media_type: Some(file.media_type),
        size: Some(file.size),
        width: file.shape.width,
        height: file.shape.height,
        duration_ms: file.shape.duration_ms,
        ..Media::stored(id)
    };
    Ok(())
}

/// Why a file cannot go out, in words for whoever chose it.
fn uncarried(block: Option<&Block>, able: &Capabilities) -> String {
    let Some(media) = block.and_then(|block| block.all_media().into_iter().next()) else {
        return "this channel cannot carry this".into();
    };
    let name = media.name.as_deref().unwrap_or_default();
    let own = match block {
        Some(Block::Image(_)) => able.image,
        Some(Block::Video(_)) => able.video,
        Some(Block::Audio(_)) => able.audio,
        Some(Block::Sticker(_)) => able.sticker,
        _ => None,
    };
    let most = [own, able.file].into_iter().flatten().map(|limits: MediaLimits| limits.max_bytes).max();
    match most {
        Some(most) if media.size.is_some_and(|size| size > most) => {
            format!("the file {name} is too large: this channel takes at most {} MB", most / 1_000_000)
        }
        Some(_) => format!("this channel does not take a file of the type of {name}"),
        None => "this channel takes no files".into(),
    }
}

/// The files that blocks name, with their bytes. `None` when one of them has none.
pub(crate) async fn files(
    services: &Services,
    workspace_id: WorkspaceId,
    blocks: &[Block],
) -> store::Result<Option<Vec<OutboundFile>>> {
    let mut files = Vec::new();
    for media in blocks.iter().flat_map(Block::all_media) {
        let Some(row) = services.store().find_file(workspace_id, media.file_id).await? else { return Ok(None) };
        let Some(bytes) = services.store().read_file(workspace_id, media.file_id, None).await? else {
            return Ok(None);
        };
        let bytes = bytes.try_collect::<Vec<bytes::Bytes>>().await?.concat().into();
        let path = crate::files::sign_file_url(services, workspace_id, media.file_id, Some(&row.name));
        files.push(OutboundFile {
            file_id: media.file_id,
            name: media.name.clone().unwrap_or(row.name),
            media_type: row.media_type,
            bytes,
            url: services.0.config.public_url.as_ref().map(|base| format!("{base}{path}")),
        });
    }
    Ok(Some(files))
}
